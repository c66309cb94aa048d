"""``underhood VERB``: every verb calls one Python function and prints what it returns.

Results go to stdout, progress to stderr, an error is one line on stderr. Exit 0 done, 1 a check failed, 2 bad
use or input.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.terminal import mend, progress_bar
from ingest.errors import QuestionError, SettingsError, UnderhoodError

if TYPE_CHECKING:
    from assistant.answering import Assistant
    from assistant.answers import Answer

app = typer.Typer(
    name="underhood",
    help="Ask a deep-learning reading list and get cited answers, without a key, a network or a language model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def main() -> None:
    """The console script: the app with our errors as one line."""
    try:
        app(standalone_mode=True)
    except UnderhoodError as error:
        _fail(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _fail(error: UnderhoodError) -> None:
    print(f"underhood: {error}", file=sys.stderr)
    raise SystemExit(error.exit_code)


def _version(wanted: bool) -> None:
    if wanted:
        from assistant import __version__

        print(f"underhood {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Nothing but ``--version``."""


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question; - reads it from standard input.")],
    as_json: Json = False,
    format_: Annotated[
        str,
        typer.Option("--format", help="text, markdown, bibtex, csl, annotations (W3C), langchain or json."),
    ] = "text",
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Narrow it to this resource (may be repeated).")
    ] = None,
) -> None:
    """Answer one question, every sentence cited."""
    from assistant.references import FORMATS

    if as_json or format_ == "json":
        write: Callable[[Answer], str] = lambda answer: _dumped(answer.to_json())  # noqa: E731  # beside the other formats
    elif format_ in FORMATS:
        write = FORMATS[format_]
    else:
        raise QuestionError(f"no format {format_!r}", todo=f"Use one of: {', '.join([*FORMATS, 'json'])}")
    from assistant.questions import clean

    text = clean(sys.stdin.read(100_000) if question == "-" else question)
    print(write(_opened().ask(text, resources=only or None)))


def _opened() -> Assistant:
    """An assistant; where it sends questions to a model elsewhere, that is said first."""
    from assistant.answering import Assistant

    assistant = Assistant.open()
    if assistant.sending:
        print(assistant.sending, file=sys.stderr)
    return assistant


@app.command()
def ingest(
    readings: Annotated[
        Path | None, typer.Option(help="A folder DIR/<resource-id>/<files> of real readings to take in.")
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Fetch the readings that are free on the web.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --fetch: say what would be fetched, and fetch nothing.")
    ] = False,
    ask_sizes: Annotated[
        bool, typer.Option("--sizes", help="With --dry-run: ask the servers how large the files are.")
    ] = False,
    add: Annotated[Path | None, typer.Option(help="Take in one file of your own; needs --as.")] = None,
    as_id: Annotated[
        str | None, typer.Option("--as", help="The resource that --add belongs to: of the list, or a new id.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="A new resource's title; else the file's own.")] = None,
    author: Annotated[
        list[str] | None, typer.Option(help="A new resource's author (may be repeated); else left empty.")
    ] = None,
    year: Annotated[int | None, typer.Option(help="A new resource's year; else left empty.", min=1, max=2100)] = None,
    forget: Annotated[
        list[str] | None,
        typer.Option(
            help="Take away the readings of this resource, and the resource if you added it (may be repeated)."
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Of --readings or --fetch take this resource alone (may be repeated).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Build the index, or bring it up to date; what did not change is left alone."""
    from ingest.settings import Settings

    settings = Settings.from_environment()
    if (add is None) != (as_id is None) or (add is None and (title or author or year)):
        raise SettingsError("--add FILE and --as ID go together; --title, --author and --year describe what they add")
    if ask_sizes and not dry_run:
        raise SettingsError("--sizes goes with --fetch --dry-run; a fetch itself learns what it fetches")
    if dry_run:
        from assistant.listing import fetch_plan, print_plan
        from ingest.fetching import Fetcher

        if not fetch:
            raise SettingsError("--dry-run goes with --fetch; other readings are on this machine already")
        with Fetcher() as fetcher:
            plan = fetch_plan(settings, only or [], fetcher.size if ask_sizes else lambda url: None)
        print(_dumped(plan)) if as_json else print_plan(plan)
        return
    from ingest.pipeline import Addition
    from ingest.pipeline import ingest as run

    addition = Addition(add, as_id, title, tuple(author or ()), year) if add is not None and as_id is not None else None
    with progress_bar() as progress:
        report = run(
            settings,
            readings=readings,
            fetch=fetch,
            addition=addition,
            forget=forget or (),
            only=only or (),
            progress=progress,
        )
    if as_json:
        from dataclasses import asdict

        print(_dumped(asdict(report)))
    else:
        from assistant.listing import print_report

        print_report(report, settings)


@app.command()
def new_list(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
) -> None:
    """Start a reading list of your own: a small valid one, with remarks on how to go on."""
    from ingest.starting import new_list as start

    for path in start(folder):
        print(path)
    print(f"Now: UNDERHOOD_CORPUS={folder} underhood ingest, then UNDERHOOD_CORPUS={folder} underhood ask QUESTION")


@app.command()
def chat(
    host: Annotated[str, typer.Option(help="The address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = 7860,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    auth: Annotated[
        Path | None, typer.Option(help="A file of name:password lines; only these people may use the page.")
    ] = None,
    root_path: Annotated[
        str | None, typer.Option(help="Where a proxy shows the page: /underhood, or https://example.org/underhood.")
    ] = None,
    allow_uploads: Annotated[
        bool, typer.Option("--allow-uploads", help="Let people add PDFs of resources from the page.")
    ] = False,
) -> None:
    """Serve the chat page; builds or mends the index first where that is needed."""
    from assistant.chat import serve
    from ingest.settings import Settings

    settings = Settings.from_environment()
    with progress_bar() as progress:
        mend(settings, progress)
    serve(
        settings,
        host=host,
        port=port,
        open_page=open_page,
        auth=auth,
        root_path=root_path,
        allow_uploads=allow_uploads,
    )


@app.command()
def mcp() -> None:
    """Answer MCP clients (editors, agents) over standard input and output; ``chat`` serves them at /mcp as well."""
    from assistant.programs import mcp_installed

    if not mcp_installed():
        raise SettingsError("the package mcp is not installed", where="mcp", todo="Run: pip install 'underhood[mcp]'")
    from assistant.programs.mcp import serve as run

    run(_opened())


@app.command()
def evaluate(
    out: Annotated[Path, typer.Option(help="The folder for results.jsonl, summary.json and report.html.")],
    questions: Annotated[
        Path | None,
        typer.Argument(help="A JSONL file of questions: id, question, answer?, resources?, answerable?, history?"),
    ] = None,
    retrieval: Annotated[
        Path | None, typer.Option(help="Measure retrieval on a BEIR folder instead: each leg and the fusion.")
    ] = None,
    grade: Annotated[
        bool, typer.Option("--grade", help="Write a blind grading sheet beside the run (HTML and CSV).")
    ] = False,
    grades: Annotated[
        list[Path] | None, typer.Option(help="Take in a filled grading sheet (may be repeated, one a person).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Answer a file of questions, or measure retrieval; an interrupted run goes on where it stopped.

    Without QUESTIONS, --grade and --grades are about the run that is in --out.
    """
    from assistant.evaluation.console import lines, run

    with progress_bar() as progress:
        summary, sheets = run(out, questions, retrieval, grade, grades or (), progress)
    for problem in summary["skipped_lines"]:
        print(f"underhood: {problem}", file=sys.stderr)
    print(_dumped(summary) if as_json else "\n".join(lines(summary)))
    written = [out / name for name in ("results.jsonl", "summary.json", "report.html")]
    print(f"written: {', '.join(map(str, [*written, *sheets]))}", file=sys.stderr)


@app.command()
def compare(
    run_a: Annotated[Path, typer.Argument(help="The folder of the run before.")],
    run_b: Annotated[Path, typer.Argument(help="The folder of the run after.")],
    threshold: Annotated[
        float, typer.Option(help="By how much a gated figure may fall before it is a regression.", min=0)
    ] = 0.01,
    certain: Annotated[
        bool, typer.Option("--certain", help="Only a fall whose 95 % interval lies below zero is a regression.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare two runs question by question. Exit 1 where a figure of B fell by more than the threshold."""
    from assistant.evaluation.comparing import compare_runs, lines, to_json

    found = compare_runs(run_a, run_b, threshold=threshold, certain=certain)
    print(_dumped(to_json(found)) if as_json else "\n".join(lines(found)))
    if found.regressions:
        raise typer.Exit(1)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A saved answer (JSON), or any text with quotations.")],
    as_json: Json = False,
) -> None:
    """Check an answer's quotations against the readings held, without any model. Exit 1 where one fails."""
    from assistant.verification import summary, verify_file
    from ingest.settings import Settings

    verdicts = verify_file(Settings.from_environment(), file)
    if as_json:
        from dataclasses import asdict

        print(_dumped([{**asdict(v), "failed": v.failed} for v in verdicts]))
    else:
        for verdict in verdicts:
            print(f"[{verdict.number}] {verdict.label}: {verdict.explanation}")
            if verdict.failed:
                print(f"      “{' '.join(verdict.quote.split())}”")
        print(summary(verdicts))
    if any(v.failed for v in verdicts):
        raise typer.Exit(1)


@app.command()
def fit(
    what: Annotated[str, typer.Argument(help="intent, ranking, confidence, or fusion.")],
    retrieval: Annotated[Path | None, typer.Option(help="For fusion: the BEIR folder to try its weights on.")] = None,
    ablation: Annotated[bool, typer.Option(help="For ranking: only say what each leg and each signal adds.")] = False,
) -> None:
    """Make a fitted file of the assistant again, from the notes and our question bank (for developers)."""
    from assistant.evaluation.fitting import refit

    print(refit(what, retrieval, parts=ablation))


@app.command()
def readings(as_json: Json = False) -> None:
    """The list: what is noted, what is read, where to get the rest."""
    from assistant.listing import listing, print_listing
    from ingest.settings import Settings

    rows = listing(Settings.from_environment())
    if as_json:
        print(_dumped(rows))
    else:
        print_listing(rows)


@app.command()
def doctor(
    notes: Annotated[bool, typer.Option("--notes", help="Check the notes.")] = False,
    anchor: Annotated[
        Path | None,
        typer.Option(help="Propose sentences of --readings for the claims of this note, one JSON line each."),
    ] = None,
    decided: Annotated[
        Path | None, typer.Option(help="With --anchor: record the lines of this file as the note's anchors.")
    ] = None,
    readings: Annotated[
        Path | None, typer.Option(help="A folder of readings to check against, or to anchor in.")
    ] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Map the headings of --readings to our concepts again.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check the installation, the index and, with --notes, what we wrote. Exit 1 where something is wrong."""
    from assistant import doctor as checks
    from ingest.settings import Settings

    settings = Settings.from_environment()
    if anchor is not None:
        for line in checks.anchor(settings, anchor, readings, decided):
            print(line)
        return
    if coverage:
        findings = checks.cover(settings, readings)
    else:
        findings = checks.check_corpus(settings, readings) if notes else checks.check_installation(settings)
    if as_json:
        print(_dumped([{"what": f.what, "where": f.where, "serious": f.serious} for f in findings]))
    else:
        for finding in findings:
            print(f"{'✗' if finding.serious else '·'} {finding}")
        if not any(f.serious for f in findings):
            print("All well.")
    if any(f.serious for f in findings):
        raise typer.Exit(1)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    main()
