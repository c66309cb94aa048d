"""``underhood VERB``: every verb calls one Python function and prints what it returns.

Results go to stdout, progress to stderr, an error is one line on stderr. Exit 0 done, 1 a check failed, 2 bad
use or input.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from ingest.errors import QuestionError, SettingsError, UnderhoodError

if TYPE_CHECKING:
    from assistant.answers import Answer
    from ingest.report import Report
    from ingest.settings import Settings

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
    from assistant.answering import Assistant
    from assistant.questions import clean

    text = clean(sys.stdin.read(100_000) if question == "-" else question)
    print(write(Assistant.open().ask(text, resources=only or None)))


@app.command()
def ingest(
    readings: Annotated[
        Path | None, typer.Option(help="A folder DIR/<resource-id>/<files> of real readings to take in.")
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Fetch the readings that are free on the web.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --fetch: say what would be fetched, and fetch nothing.")
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
    if dry_run:
        _dry_run(settings, fetch, only or [], as_json)
        return
    from ingest.pipeline import Addition
    from ingest.pipeline import ingest as run

    addition = Addition(add, as_id, title, tuple(author or ()), year) if add is not None and as_id is not None else None
    with _progress() as progress:
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
        _print_report(report, settings)


def _dry_run(settings: Settings, fetch: bool, only: list[str], as_json: bool) -> None:
    from assistant.listing import fetch_plan, print_plan

    if not fetch:
        raise SettingsError("--dry-run goes with --fetch; other readings are on this machine already")
    plan = fetch_plan(settings, only)
    if as_json:
        print(_dumped(plan))
    else:
        print_plan(plan)


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
    root_path: Annotated[str | None, typer.Option(help="Where a proxy shows the page, such as /underhood.")] = None,
    allow_uploads: Annotated[
        bool, typer.Option("--allow-uploads", help="Let people add PDFs of resources from the page.")
    ] = False,
) -> None:
    """Serve the chat page; builds or mends the index first where that is needed."""
    from assistant.chat import serve
    from ingest.settings import Settings

    settings = Settings.from_environment()
    with _progress() as progress:
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


def mend(settings: Any, progress: Any) -> None:
    """Build the index where it is missing or out of date, saying so in one line."""
    from ingest.embedding import SentenceTransformerEmbedder
    from ingest.errors import IndexBroken, IndexMissing, IndexOutdated
    from ingest.index.generation import published
    from ingest.pipeline import ingest as run
    from ingest.pipeline import wanted_stamp

    embedder = SentenceTransformerEmbedder(settings.embedder)
    try:
        published(settings.index, wanted_stamp(settings, embedder))
    except (IndexMissing, IndexOutdated, IndexBroken) as error:
        print(f"{error.what}: building it now (about a minute, once) …", file=sys.stderr)
        report = run(settings, embedder=embedder, progress=progress)
        if not report.counts.get("documents"):
            _offer(settings, sys.stderr)


@app.command()
def evaluate(
    questions: Annotated[
        Path, typer.Argument(help="A JSONL file of questions: id, question, answer?, resources?, answerable?")
    ],
    out: Annotated[Path, typer.Option(help="The folder for results.jsonl, summary.json and report.html.")],
    as_json: Json = False,
) -> None:
    """Answer a file of questions; an interrupted run goes on where it stopped."""
    from assistant.evaluation.runs import evaluate_questions

    with _progress() as progress:
        summary = evaluate_questions(questions, out, progress=progress)
    for problem in summary["skipped_lines"]:
        print(f"underhood: {problem}", file=sys.stderr)
    if as_json:
        print(_dumped(summary))
    else:
        print(f"{summary['questions']} questions: " + ", ".join(f"{n} {o}" for o, n in summary["outcomes"].items()))
        print(f"written: {out / 'results.jsonl'}, summary.json, report.html")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A saved answer (JSON), or any text with quotations.")],
    as_json: Json = False,
) -> None:
    """Check an answer's quotations against the readings held, without any model. Exit 1 where one fails."""
    from assistant.verification import verify_file
    from ingest.settings import Settings

    verdicts = verify_file(Settings.from_environment(), file)
    if as_json:
        from dataclasses import asdict

        print(_dumped([{**asdict(v), "failed": v.failed} for v in verdicts]))
    else:
        for verdict in verdicts:
            print(f"[{verdict.number}] {(verdict.check or 'not quoted').replace('_', ' ')}: {verdict.explanation}")
            if verdict.failed:
                print(f"      “{' '.join(verdict.quote.split())}”")
        failed = sum(v.failed for v in verdicts)
        print(
            f"{len(verdicts)} checked, {failed} failed." if verdicts else "Nothing to check: no citation, no quotation."
        )
    if any(v.failed for v in verdicts):
        raise typer.Exit(1)


@app.command()
def fit(
    what: Annotated[str, typer.Argument(help="intent, ranking or confidence.")],
) -> None:
    """Make a fitted file of the assistant again, from the notes and our question bank (for developers)."""
    from assistant.evaluation.fitting import refit

    print(refit(what))


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


def _print_report(report: Report, settings: Settings) -> None:
    c = report.counts
    print("The index is up to date; nothing was written." if not report.published else "The index is published.")
    print(
        f"{report.resources} resources, {c.get('notes', 0)} notes, {c.get('claims', 0)} claims, {c.get('documents', 0)} readings, "
        f"{c.get('passages', 0)} passages; {c.get('anchored_claims', 0)} claims show a source's own words. {report.seconds:.1f} s"
    )
    if report.taken or report.unchanged or report.removed:
        print(f"Readings: {len(report.taken)} taken, {report.unchanged} unchanged, {len(report.removed)} removed.")
    if report.fetched or report.not_modified:
        print(f"Fetched: {len(report.fetched)} new or changed, {report.not_modified} as before.")
    for file in report.files:
        pages = f"{file.pages} pages, " if file.pages else ""
        print(f"  taken {file.name}: {pages}{file.passages} passages, {file.seconds:.1f} s")
    for skipped in report.skipped:
        print(f"  skipped {skipped.name}: {skipped.reason}")
    for warning in report.warnings:
        print(f"  note on {warning.name}: {warning.reason}")
    if not c.get("documents"):
        print("No reading is here yet, so citations are addresses. Bring your own: underhood ingest --readings DIR")
        _offer(settings, sys.stdout)


def _offer(settings: Settings, to: TextIO) -> None:
    """Say which readings are free to fetch."""
    from assistant.listing import offer

    if lines := offer(settings):
        print(lines, file=to)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr; one line a stage where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
                if not console.is_terminal:
                    print(f"{stage} …", file=sys.stderr)
            bar.update(tasks[stage], completed=done, total=total)
            if done >= total:
                bar.remove_task(tasks.pop(stage))

        yield show


if __name__ == "__main__":
    main()
