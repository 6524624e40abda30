"""The names and signatures that users of the field know: parameters in their documented order, and members that are there."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import minidask.distributed
from minidask.distributed import (
    Client,
    Future,
    LocalCluster,
    SpecCluster,
    as_completed,
    fire_and_forget,
    get_client,
    get_task_stream,
    get_worker,
    progress,
    rejoin,
    secede,
    wait,
    worker_client,
)

# Callable: what can be passed by position, in order; then what must be known by name.
SIGNATURES: dict[Any, tuple[str, str]] = {
    Client: (
        "address loop timeout set_as_default scheduler_file security asynchronous name heartbeat_interval serializers "
        "deserializers extensions direct_to_workers connection_limit",
        "",
    ),
    Client.submit: (
        "func",
        "key workers resources retries priority fifo_timeout allow_other_workers actor actors pure",
    ),
    Client.map: (
        "func",
        "key workers retries resources priority allow_other_workers fifo_timeout actor actors pure batch_size",
    ),
    Client.gather: ("futures errors direct asynchronous", ""),
    Client.scatter: ("data workers broadcast direct hash timeout asynchronous", ""),
    Client.compute: (
        "collections sync optimize_graph workers allow_other_workers resources retries priority fifo_timeout actors traverse",
        "",
    ),
    Client.persist: (
        "collections optimize_graph workers allow_other_workers resources retries priority fifo_timeout actors",
        "",
    ),
    Client.get: (
        "dsk keys workers allow_other_workers resources sync asynchronous direct retries priority fifo_timeout actors",
        "",
    ),
    Client.cancel: ("futures asynchronous force reason msg", ""),
    Client.retry: ("futures asynchronous", ""),
    Client.close: ("timeout", ""),
    Client.run: ("function", "workers wait nanny on_error"),
    Client.run_on_scheduler: ("function", ""),
    Client.who_has: ("futures", ""),
    Client.has_what: ("workers", ""),
    Client.nthreads: ("workers", ""),
    Client.ncores: ("workers", ""),
    Client.processing: ("workers", ""),
    Client.nbytes: ("keys summary", ""),
    Client.scheduler_info: ("n_workers", ""),
    Client.get_versions: ("check packages", ""),
    Client.upload_file: ("filename load", ""),
    Client.restart: ("timeout wait_for_workers", ""),
    Client.restart_workers: ("workers timeout raise_for_error", ""),
    Client.retire_workers: ("workers close_workers", ""),
    Client.wait_for_workers: ("n_workers timeout", ""),
    Client.register_plugin: ("plugin name", ""),
    Client.register_worker_callbacks: ("setup", ""),
    Client.unregister_worker_plugin: ("name nanny", ""),
    Client.unregister_scheduler_plugin: ("name", ""),
    Client.get_task_stream: ("start stop count plot filename", ""),
    Client.get_metadata: ("keys default", ""),
    Client.set_metadata: ("key value", ""),
    Client.get_scheduler_logs: ("n", ""),
    Client.get_worker_logs: ("n workers nanny", ""),
    Client.get_events: ("topic", ""),
    Client.log_event: ("topic msg", ""),
    Client.subscribe_topic: ("topic handler", ""),
    Client.unsubscribe_topic: ("topic", ""),
    Client.forward_logging: ("logger_name level", ""),
    Client.call_stack: ("futures keys", ""),
    Client.write_scheduler_file: ("scheduler_file", ""),
    Client.current: ("allow_global", ""),
    Client.sync: ("func", "asynchronous callback_timeout"),
    Future: ("key client", ""),
    Future.result: ("timeout", ""),
    Future.exception: ("timeout", ""),
    Future.traceback: ("timeout", ""),
    Future.cancel: ("reason msg", ""),
    Future.add_done_callback: ("fn", ""),
    as_completed: ("futures loop with_results raise_errors", "timeout"),
    wait: ("fs timeout return_when", ""),
    progress: ("", "notebook multi complete group_by"),
    fire_and_forget: ("obj", ""),
    get_client: ("address timeout resolve_address", ""),
    worker_client: ("timeout separate_thread", ""),
    get_worker: ("", ""),
    secede: ("", ""),
    rejoin: ("", ""),
    get_task_stream: ("client plot filename", ""),
    LocalCluster: (
        "name n_workers threads_per_worker processes loop",
        "host ip scheduler_port silence_logs dashboard_address worker_dashboard_address asynchronous security protocol interface "
        "worker_class scheduler_kwargs scheduler_sync_interval",
    ),
    SpecCluster: (
        "workers scheduler worker asynchronous loop security silence_logs name shutdown_on_close scheduler_sync_interval "
        "shutdown_scheduler",
        "",
    ),
    LocalCluster.scale: ("n memory cores", ""),
    LocalCluster.get_logs: ("cluster scheduler workers", ""),
    LocalCluster.close: ("timeout", ""),
    LocalCluster.wait_for_workers: ("n_workers timeout", ""),
}

MEMBERS = {
    Client: "amm as_current asynchronous benchmark_hardware call_stack cancel close compute current "
    "dashboard_link datasets dump_cluster_state forward_logging futures_of gather get get_dataset get_events get_executor "
    "get_metadata get_scheduler_logs get_task_stream get_versions get_worker_logs has_what list_datasets "
    "log_event map nbytes ncores normalize_collection nthreads persist processing profile publish_dataset rebalance "
    "register_plugin register_worker_callbacks replicate restart restart_workers retire_workers retry run run_on_scheduler "
    "scatter scheduler scheduler_info set_metadata shutdown start story submit subscribe_topic sync unforward_logging "
    "unpublish_dataset unregister_scheduler_plugin unregister_worker_plugin unsubscribe_topic upload_file wait_for_workers "
    "who_has write_scheduler_file",
    Future: "add_done_callback cancel cancelled client done exception executor key release result retry status traceback type",
    as_completed: "add batches clear count has_ready is_empty next_batch update",
    LocalCluster: "adapt asynchronous close dashboard_link from_name get_client get_logs loop new_worker_spec observed plan "
    "requested scale scale_down scale_up scheduler_address start_worker sync wait_for_workers",
}


@pytest.mark.parametrize("function", SIGNATURES, ids=lambda function: function.__qualname__)
def test_parameters(function: Any) -> None:
    positional, by_name = (text.split() for text in SIGNATURES[function])
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    ordered = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    assert ordered[: len(positional)] == positional
    known = {p.name for p in parameters}
    assert set(by_name) <= known
    # What comes after them has a default, so that calls by the field's form go through.
    assert all(
        p.default is not p.empty or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters[len(positional) :]
    )


@pytest.mark.parametrize("cls", MEMBERS, ids=lambda cls: cls.__name__)
def test_members(cls: type) -> None:
    missing = [name for name in MEMBERS[cls].split() if name not in dir(cls)]
    assert not missing


def test_public_names() -> None:
    """All that `distributed` lists is there, or says why not."""
    from minidask_distributed.client.unbuilt import PUBLIC_NAMES

    field = (
        "Actor ActorFuture Adaptive BaseActorFuture CancelledError Client CompatibleExecutor CondaInstall Environ Event Future "
        "InstallPlugin KilledWorker LocalCluster Lock MultiLock Nanny NannyPlugin PipInstall Queue Reschedule SSHCluster "
        "Scheduler SchedulerPlugin Security Semaphore SpecCluster Status SubprocessCluster TimeoutError "
        "UploadDirectory UploadFile Variable Worker WorkerPlugin as_completed config connect default_client "
        "fire_and_forget futures_of get_client get_task_metadata get_task_stream get_worker local_client "
        "performance_report print progress rejoin rpc secede span sync wait warn worker_client"
    )
    assert set(field.split()) <= set(minidask.distributed.__all__) | set(PUBLIC_NAMES)
