"""The assistant inside LangChain (assistant/chain.py)."""

from __future__ import annotations

import pytest
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough

from assistant.answering import Assistant
from assistant.answers import Answer
from assistant.chain import UnderhoodRetriever, UnderhoodRunnable, underhood_tool
from ingest.errors import QuestionError
from tests.conftest import waited


def test_the_retriever_gives_documents_with_citations(small: Assistant):
    """Documents hold claims, best first, with their citations in the metadata; sync and async agree."""
    retriever = UnderhoodRetriever(assistant=small, k=2)
    found = retriever.invoke("What is momentum?")
    assert next(d.id for d in found) == "momentum-what"
    assert found[0].metadata["citations"][0]["resource"]["id"] == "roe-2002-slopes"
    assert [d.id for d in waited(lambda: retriever.ainvoke("What is momentum?"))] == [d.id for d in found]


def test_the_runnable_takes_a_question_or_a_conversation(small: Assistant):
    """A string and a mapping with history are both answered."""
    runnable = UnderhoodRunnable(assistant=small)
    assert isinstance(runnable.invoke("What is momentum?"), Answer)
    follow = runnable.invoke({"question": "why use it?", "history": [{"role": "user", "content": "What is momentum?"}]})
    assert follow.standalone_question == "Why use momentum?"
    with pytest.raises(QuestionError, match="the runnable takes"):
        runnable.invoke({"query": "x"})


def test_it_composes_with_someone_elses_chain(small: Assistant):
    """RunnablePassthrough, a prompt and a chat model go together with the runnable and the retriever."""
    runnable = UnderhoodRunnable(assistant=small)
    chain = {"question": RunnablePassthrough()} | runnable | RunnableLambda(lambda a: a.text)
    assert chain.invoke("What is momentum?").startswith("Momentum adds")
    model = GenericFakeChatModel(messages=iter([AIMessage("It gathers speed.")]))
    prompt = ChatPromptTemplate.from_template("{context}\n\n{question}")
    rag = (
        {"context": UnderhoodRetriever(assistant=small), "question": RunnablePassthrough()}
        | prompt
        | model
        | StrOutputParser()
    )
    assert rag.invoke("What is momentum?") == "It gathers speed."


def test_streaming_ends_with_the_answer(small: Assistant):
    """The runnable streams text and last the Answer, sync and async."""
    runnable = UnderhoodRunnable(assistant=small)
    *pieces, answer = runnable.stream("What is momentum?")
    assert "".join(map(str, pieces)) == answer.text  # type: ignore[union-attr]

    async def collect() -> list[object]:
        return [p async for p in runnable.astream("What is momentum?")]

    assert [type(p) for p in waited(collect)] == [str, Answer]


def test_an_agent_uses_the_tool(small: Assistant):
    """In ``create_agent`` with a scripted model the tool's message carries citations as annotations, and the Answer."""
    script = [
        AIMessage("", tool_calls=[{"name": "ask_reading_list", "args": {"question": "What is momentum?"}, "id": "1"}]),
        AIMessage("", tool_calls=[{"name": "ask_reading_list", "args": {"question": " "}, "id": "2"}]),
        AIMessage("done"),
    ]
    agent = create_agent(Scripted(messages=iter(script)), [underhood_tool(small)])
    messages = agent.invoke({"messages": [("user", "What is momentum?")]})["messages"]
    told, refused = (m for m in messages if isinstance(m, ToolMessage))
    (block,) = told.content_blocks
    assert block["text"] == told.artifact.text == small.ask("What is momentum?").text
    (note,) = block["annotations"]
    assert (note["type"], note["title"], note["url"]) == (
        "citation",
        "Slopes and Valleys",
        "https://example.org/slopes",
    )
    assert block["text"][note["start_index"] : note["end_index"]] == told.artifact.statements[0].text
    assert "the question is empty" in refused.content_blocks[0]["text"]
    assert messages[-1].content == "done"


class Scripted(GenericFakeChatModel):
    """A chat model that says what it is told, whatever tools it is given."""

    def bind_tools(self, tools, **kwargs):
        return self
