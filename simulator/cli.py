"""The command ``pacing simulator``."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from simulator.scenarios import NAMES, Scenario, ScenarioError, ScenarioOptions, load_scenario
from simulator.servers import LeanSimulator, Simulator, SimulatorOptions
from terminal.examples import examples
from terminal.printing import complain, say

Port = Annotated[int, typer.Option(min=0, max=65_535, help="0: any free port.")]

EXAMPLES = examples(
    "pacing simulator --list-scenarios",
    "pacing simulator --scenario demo --http-port 9000 --ready-file ready.json",
)


def register(app: typer.Typer) -> None:
    """Add the command to the root application."""
    app.command("simulator", epilog=EXAMPLES)(simulate)


def simulate(
    *,
    scenario: Annotated[str, typer.Option(help="Name of a scenario, or the path of a .yaml file.")] = "demo",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same visitors, agents and times.")] = 1,
    speed: Annotated[float, typer.Option(min=0.01, max=1000.0, help="Model seconds per second.")] = 1.0,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    http_port: Port = 0,
    statistics_primary_port: Port = 0,
    statistics_backup_port: Port = 0,
    configuration_port: Port = 0,
    objects_file: Annotated[Path | None, typer.Option(help="Write the configuration objects (YAML) here.")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Write the addresses (JSON) here when all is served.")] = None,
    data: Annotated[Path | None, typer.Option(help="Recorded day of bank-day: its file or directory.")] = None,
    targets: Annotated[int, typer.Option(min=1, help="Targets of the scenario large.")] = 10_000,
    agents_per_target: Annotated[int, typer.Option(min=1, help="Agents of each target of the scenario large.")] = 3,
    token_lifetime: Annotated[float, typer.Option(min=1.0, help="Seconds a bearer token is good for.")] = 3600.0,
    lean: Annotated[
        bool,
        typer.Option(
            "--lean",
            help="Statistics, token and bulk endpoint alone, without a model of the centre: costs less than a node.",
        ),
    ] = False,
    list_scenarios: Annotated[bool, typer.Option("--list-scenarios", help="List the scenarios and end.")] = False,
) -> None:
    """Run a simulated contact centre: statistics, configuration, token and bulk endpoints, and an alarm sink."""
    if list_scenarios:
        for name, about in NAMES.items():
            say(f"{name:10} {about}")
        return
    options = SimulatorOptions(
        host=host,
        http_port=http_port,
        statistics_primary_port=statistics_primary_port,
        statistics_backup_port=statistics_backup_port,
        configuration_port=configuration_port,
        objects_file=objects_file,
        ready_file=ready_file,
        seed=seed,
        speed=speed,
        token_lifetime_seconds=token_lifetime,
    )
    try:
        loaded = load_scenario(scenario, ScenarioOptions(data, targets, agents_per_target))
        asyncio.run(_serve_lean(loaded, options) if lean else _serve(loaded, options))
    except (ScenarioError, OSError) as error:
        complain(error)
        raise typer.Exit(2) from error


def _asked_to_end() -> asyncio.Event:
    """Set at SIGTERM or SIGINT."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    return ended


async def _serve_lean(scenario: Scenario, options: SimulatorOptions) -> None:
    """Serve as a lean peer until SIGTERM or SIGINT; a second client is there to be compared with."""
    ended = _asked_to_end()
    options = replace(options, clients=options.clients | {"floor": "simulated-secret"})
    async with LeanSimulator(scenario, options) as simulator:
        for kind, address in simulator.addresses.items():
            say(f"{kind} {address}")
        await ended.wait()


async def _serve(scenario: Scenario, options: SimulatorOptions) -> None:
    """Serve until SIGTERM or SIGINT."""
    ended = _asked_to_end()
    async with Simulator(scenario, options) as simulator:
        say(f"{scenario.name}: {scenario.description}")
        say(f"http {simulator.addresses['http']}")
        for place, address in simulator.addresses["statistics"].items():
            say(f"statistics {place} {address}")
        say(f"configuration {simulator.addresses['configuration']}")
        await ended.wait()
