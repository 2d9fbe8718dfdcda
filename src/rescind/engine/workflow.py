"""The durable shape of a run: phases one after another, in each one lane per tenant, in each lane one step per action.

Three rules that recovery rests on. A step is reached before anything is awaited, so that its number follows the plan's order; the limit on
concurrency is inside the step. No workflow ever ends in an error: whatever goes wrong stops the run and leaves it pending,
which is what the next `execute` takes up. A step's result is written when it ends, so a killed call is asked again: `Work.act`
finds its earlier intent and probes (https://docs.dbos.dev/python/tutorials/step-tutorial).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from rescind.engine.boot import launched, queue_of
from rescind.engine.lock import exclusive
from rescind.engine.work import Interrupted, OnEvent, PhaseSpec, Work
from rescind.errors import EngineError, RescindError

BATCH = 250  # actions per lane workflow; part of what a resumed run counts on, so it changes only with `boot.VERSION`
_POLL = 0.05


@dataclass(slots=True, eq=False)
class _Session:
    """The one run this process works on. `stopping` keeps new calls from starting; `ended` wakes the waiting main thread."""

    run: str
    work: Work
    concurrency: int
    on_event: OnEvent | None
    stopping: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None
    busy: int = 0
    pools: list[ThreadPoolExecutor] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    telling: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, error: BaseException) -> None:
        """Stop the run because of the first error."""
        with self.lock:
            self.error = self.error or error
        self.stopping.set()
        self.ended.set()

    def tell(self, event: str, **facts: Any) -> None:
        """Let the caller show progress; what goes wrong in there is not the run's concern."""
        if self.on_event:
            with self.telling, suppress(Exception):
                self.on_event(event, facts)

    def pool(self, size: int) -> ThreadPoolExecutor:
        """Return threads of a lane's own, so that a slow provider takes none of another's."""
        made = ThreadPoolExecutor(max_workers=max(1, size), thread_name_prefix="rescind")
        self.pools.append(made)
        return made

    def call(self, fn: Callable[..., Any], *args: object) -> Any:
        """Make one call of the work on a worker thread; None when it did not happen or stopped the run."""
        with self.lock:
            if self.stopping.is_set():
                return None
            self.busy += 1
        try:
            return fn(*args) or {}
        except BaseException as error:  # noqa: BLE001  # it is raised again in the main thread
            self.fail(error)
            return None
        finally:
            with self.lock:
                self.busy -= 1


_session: _Session | None = None


def _current(run: str) -> _Session:
    if _session is None or _session.run != run:
        raise EngineError(f"run {run} is not the one being worked on")
    return _session


async def _parked() -> NoReturn:
    """Wait for the end of the process or of the engine: what waits here stays pending."""
    while True:  # noqa: ASYNC110  # a timer keeps the waiting task referenced; a bare future would let it be collected
        await asyncio.sleep(3600)


async def _durable(session: _Session, body: Callable[[_Session], Awaitable[None]]) -> None:
    try:
        await body(session)
    except Exception as error:  # noqa: BLE001  # an error would end the workflow for good
        session.fail(error)
        await _parked()


class _Turns:
    """Begins the steps of a lane in plan order, although each looks into the journal first and these looks overtake each other."""

    def __init__(self) -> None:
        self._next = 0
        self._here: dict[int, Callable[[], object]] = {}

    def arrive(self, index: int, begin: Callable[[], object]) -> None:
        """Call `begin` as soon as every earlier step has begun or has turned out to be done."""
        if index >= self._next:
            self._here[index] = begin
        while self._next in self._here:
            self._next += 1
            self._here.pop(self._next - 1)()


async def _step(
    session: _Session,
    pool: ThreadPoolExecutor,
    name: str,
    fn: Callable[..., Any],
    *args: object,
    turn: Callable[[Callable[[], object]], object] = lambda begin: begin(),
) -> Any:
    """Run one call of the work as a durable step. Nothing may be awaited before the step itself."""

    async def body() -> Any:
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[asyncio.Future[Any]] = loop.create_future()
        turn(lambda: begun.set_result(loop.run_in_executor(pool, session.call, fn, *args)))
        result = await (await begun)
        return await _parked() if result is None else result

    return await DBOS.run_step_async({"name": name}, body)


def _specs(work: Work, run: str, sweep: int) -> Sequence[PhaseSpec]:
    return work.addendum(run, sweep) if sweep else work.phases(run)


@DBOS.workflow(name="lane", max_recovery_attempts=None)
async def _lane(run: str, sweep: int, phase: int, tenant: str, batch: int) -> None:
    """One tenant's actions of one phase, at most `BATCH` of them."""

    async def body(session: _Session) -> None:
        steps = _specs(session.work, run, sweep)[phase].lanes[tenant][batch * BATCH : (batch + 1) * BATCH]
        pool = session.pool(min(session.concurrency, len(steps)))

        def act(step: str) -> Mapping[str, Any]:
            result = session.work.act(run, step)
            session.tell("step.done", step=step, **result)
            return result

        turns = _Turns()

        async def one(index: int, step: str) -> None:
            await _step(session, pool, f"act:{step}", act, step, turn=lambda begin: turns.arrive(index, begin))
            turns.arrive(index, lambda: None)  # it may have been found in the journal

        await asyncio.gather(*(one(index, step) for index, step in enumerate(steps)))
        pool.shutdown(wait=False)

    await _durable(_current(run), body)


async def _phase(session: _Session, pool: ThreadPoolExecutor, sweep: int, index: int, spec: PhaseSpec) -> None:
    run = session.run
    mark = f"sweep-{sweep}.{spec.name}" if sweep else spec.name
    if spec.waits:  # what raises there is not in the journal, so a later `execute` asks again
        await _step(session, pool, f"wait:{mark}", session.work.may_begin, run, sweep, index)
    session.tell("phase.started", phase=spec.name, sweep=sweep, steps=sum(map(len, spec.lanes.values())))
    waiting = []
    for tenant, steps in spec.lanes.items():
        for batch in range(-(-len(steps) // BATCH)):
            with (
                SetWorkflowID(f"run:{run}/{mark}/{tenant}/{batch}"),
                SetEnqueueOptions(queue_partition_key=f"tenant:{tenant}"),
            ):
                waiting.append(
                    await DBOS.enqueue_workflow_async(queue_of(run), _lane, run, sweep, index, tenant, batch)
                )
    for lane in waiting:
        await lane.get_result(polling_interval_sec=_POLL)
    await _step(session, pool, f"phase:{mark}", session.work.phase_done, run, mark)
    session.tell("phase.done", phase=spec.name, sweep=sweep)


@DBOS.workflow(name="run", max_recovery_attempts=None)
async def _run(run: str) -> None:
    """All phases, then rounds of re-enumeration until nothing new turns up, then the end."""

    async def body(session: _Session) -> None:
        work, pool = session.work, session.pool(1)
        for index, spec in enumerate(work.phases(run)):
            await _phase(session, pool, 0, index, spec)
        for sweep in range(1, work.sweep_rounds(run) + 1):
            found = await _step(session, pool, f"sweep:{sweep}", work.sweep, run, sweep)
            session.tell("sweep.done", round=sweep, **found)
            for index, spec in enumerate(work.addendum(run, sweep) if found.get("steps") else ()):
                await _phase(session, pool, sweep, index, spec)
            if not found.get("again"):
                break
        await _step(session, pool, "finish", work.finish, run)
        session.tell("finished", run=run)
        session.ended.set()

    await _durable(_current(run), body)


def _settle(session: _Session, seconds: float) -> None:
    """Let calls in flight end, and their results reach the journal, for at most so many seconds."""
    session.stopping.set()
    end = time.monotonic() + seconds
    while session.busy and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.1)  # the last results are on their way to the journal


def _wait(session: _Session) -> None:
    """Start or find the run's workflow and wait until its work has ended or stopped."""
    name = f"run:{session.run}"
    with SetWorkflowID(name), SetEnqueueOptions(queue_partition_key="run"):
        DBOS.enqueue_workflow(queue_of(session.run), _run, session.run)
    found = DBOS.get_workflow_status(name)
    if found is None or found.status not in {"SUCCESS", "PENDING", "ENQUEUED"}:
        status = found.status if found else "absent"
        raise EngineError(f"the journal holds run {session.run} as {status}", hint="plan again: it gets a new run")
    if found.status == "SUCCESS":
        return
    while not session.ended.wait(0.5):  # in slices: on some systems a wait without end cannot be interrupted
        pass
    end = time.monotonic() + 5  # every step is in the journal; only the line "ended" may still be missing
    while session.error is None and time.monotonic() < end:
        found = DBOS.get_workflow_status(name)
        if found is not None and found.status == "SUCCESS":
            break
        time.sleep(0.02)


def drive(run: str, work: Work, *, state_dir: Path, concurrency: int, on_event: OnEvent | None, grace: float) -> None:
    """Do what `rescind.engine.execute` promises."""
    global _session  # noqa: PLW0603  # workflows are functions that the engine calls by name; this is how they find the work
    if not run:
        raise EngineError("a run needs an id")  # an empty id would give every run the same workflow
    with exclusive(state_dir):
        session = _session = _Session(run=run, work=work, concurrency=concurrency, on_event=on_event)
        stopped = False
        try:
            with launched(run, state_dir):
                try:
                    _wait(session)
                except KeyboardInterrupt:
                    stopped = True
                if stopped or session.error:
                    with suppress(KeyboardInterrupt):  # the second Ctrl-C waits no longer
                        _settle(session, grace)
        finally:
            _session = None
            session.stopping.set()
            for pool in session.pools:
                pool.shutdown(wait=False)
    if session.error:
        _raise(session.error)
    if stopped:
        raise Interrupted(f"stopped; run {run} is kept", hint=f"go on with: rescind resume {run}")


def _raise(error: BaseException) -> NoReturn:
    if isinstance(error, RescindError):
        raise error
    # Text of a foreign exception may quote what it was working on, so only its type is told.
    raise EngineError(f"the run stopped on an internal {type(error).__name__}", hint="it can be resumed") from None
