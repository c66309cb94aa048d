"""The assistant as LangChain parts: a retriever and a runnable. With models.py the only owner of langchain.

from assistant.chain import UnderhoodRetriever, UnderhoodRunnable
chain = {"question": RunnablePassthrough()} | UnderhoodRunnable(assistant=Assistant.open())
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.messages import AIMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from langchain_core.runnables.config import run_in_executor
from langchain_core.tools import StructuredTool
from pydantic import ConfigDict

from assistant.answering import Assistant
from assistant.answers import Answer
from assistant.references.langchain import content_blocks
from ingest.errors import QuestionError


class UnderhoodRetriever(BaseRetriever):
    """Claims for a question as LangChain documents, best first.

    ``page_content`` is the claim in our words; ``metadata`` holds its id, score, kind and citations (with the
    resource's words, where they are held).
    """

    assistant: Assistant
    k: int = 4
    model_config = ConfigDict(arbitrary_types_allowed=True)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [
            Document(
                id=found.claim.id,
                page_content=found.claim.text,
                metadata={
                    "claim": found.claim.id,
                    "kind": found.claim.kind,
                    "score": round(found.score, 4),
                    "citations": [{**asdict(c), "explanation": c.explanation} for c in citations],
                    "source": citations[0].url if citations else "",
                },
            )
            for found, citations in self.assistant.search(query, self.k)
        ]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        import asyncio

        return await asyncio.to_thread(self._get_relevant_documents, query, run_manager=run_manager.get_sync())


def underhood_tool(assistant: Assistant) -> StructuredTool:
    """The assistant as a tool for someone else's agent.

    The model reads content blocks whose annotations are the citations (LangChain's standard form); the tool message's
    artifact is the Answer. What cannot be asked comes back as its one-line error, for the model to read.
    """

    def ask(question: str) -> tuple[list[dict[str, Any]], Answer | None]:
        try:
            answer = assistant.ask(question)
        except QuestionError as error:
            return [{"type": "text", "text": str(error)}], None
        return content_blocks(answer), answer

    async def aask(question: str) -> tuple[list[dict[str, Any]], Answer | None]:
        return await run_in_executor(None, ask, question)

    return StructuredTool.from_function(
        ask,
        coroutine=aask,
        name="ask_reading_list",
        description=(
            "Answers a question about deep learning (up to spring 2018) from a curated reading list, every sentence cited. "
            "Says so where the list does not answer; pass that on."
        ),
        response_format="content_and_artifact",
    )


class UnderhoodRunnable(RunnableSerializable[str | dict[str, Any], Answer]):
    """The assistant as a Runnable: a question, or ``{"question", "history"}``, to an Answer.

    ``stream`` yields the pieces' text as strings and last the Answer.
    """

    assistant: Assistant
    model_config = ConfigDict(arbitrary_types_allowed=True)

    def invoke(self, input: str | dict[str, Any], config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
        """The answer."""
        return self._call_with_config(self._answer, input, config)

    async def ainvoke(self, input: str | dict[str, Any], config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
        """The answer, without blocking."""

        async def answer(value: str | dict[str, Any]) -> Answer:
            question, history = _read(value)
            return await self.assistant.aask(question, history)

        return await self._acall_with_config(answer, input, config)

    def stream(  # type: ignore[override]  # pieces of text come before the Answer
        self, input: str | dict[str, Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[str | Answer]:
        """Pieces of text, then the Answer."""
        question, history = _read(input)
        yield from self.assistant.stream(question, history)

    async def astream(  # type: ignore[override]  # as above
        self, input: str | dict[str, Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[str | Answer]:
        """Pieces of text, then the Answer, without blocking."""
        question, history = _read(input)
        async for piece in self.assistant.astream(question, history):
            yield piece

    def _answer(self, value: str | dict[str, Any]) -> Answer:
        question, history = _read(value)
        return self.assistant.ask(question, history)


def to_message(answer: Answer) -> AIMessage:
    """The answer as a chat message, its citations as LangChain's standard annotations on the text.

    ``message.content_blocks`` holds them; outcome, confidence and notice stand in ``response_metadata``.
    """
    return AIMessage(
        content_blocks=content_blocks(answer),  # type: ignore[arg-type]  # typed dicts, made as plain ones
        response_metadata={
            "model_name": answer.writer,
            "outcome": answer.outcome,
            "confidence": answer.confidence,
            "notice": answer.notice,
            "output_version": "v1",
        },
    )


def _read(value: str | dict[str, Any]) -> tuple[str, list[Any]]:
    if isinstance(value, str):
        return value, []
    if isinstance(value, dict) and isinstance(value.get("question"), str):
        return value["question"], list(value.get("history") or ())
    raise QuestionError('the runnable takes a question or {"question": …, "history": […]}')
