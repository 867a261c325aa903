#!/usr/bin/env python3
"""Events of dpzo/accounting as google dp_accounting's, and what Google's accountants say about them.

    dp_events.py account EVENT.json --delta 1e-5 [--interval 1e-4] [--idealise]
    dp_events.py round-trip EVENT.json

EVENT.json (or - for standard input) holds what `toDpAccounting` of dpzo/accounting returns, or any JSON object with
such a value under "dpAccountingEvent", as `dpzo account --json` prints. The answer is one line of JSON.

dp_accounting has no event class for the discrete Gaussian. In one dimension its privacy loss distribution is built
directly and composed. In several dimensions dp_accounting cannot say anything; with --idealise the continuous Gaussian
of the same ratio stands in, and the answer says so.
"""
import argparse
import dataclasses
import json
import math
import sys

from dp_accounting import dp_event
from dp_accounting.pld import pld_privacy_accountant
from dp_accounting.pld import privacy_loss_distribution as pld
from dp_accounting.rdp import rdp_privacy_accountant


@dataclasses.dataclass(frozen=True)
class DiscreteGaussian:
    """Discrete Gaussian noise on the integers, which dp_accounting has as a distribution but not as an event."""

    standard_deviation: float
    sensitivity: int
    dimensions: int = 1


# Class name: the fields of its constructor that hold numbers.
PLAIN = {
    "NoOpDpEvent": (),
    "NonPrivateDpEvent": (),
    "GaussianDpEvent": ("noise_multiplier",),
    "LaplaceDpEvent": ("noise_multiplier",),
    "DiscreteLaplaceDpEvent": ("noise_parameter", "sensitivity"),
}


def event_from_json(value):
    """The DpEvent that a JSON object stands for; refuses classes it does not know, at any depth."""
    name = value["class_name"]
    if name in PLAIN:
        return getattr(dp_event, name)(**{field: value[field] for field in PLAIN[name]})
    if name == "DiscreteGaussianDpEvent":
        return DiscreteGaussian(value["standard_deviation"], value["sensitivity"], value.get("dimensions", 1))
    if name == "PoissonSampledDpEvent":
        return dp_event.PoissonSampledDpEvent(value["sampling_probability"], event_from_json(value["event"]))
    if name == "SelfComposedDpEvent":
        return dp_event.SelfComposedDpEvent(event_from_json(value["event"]), value["count"])
    if name == "ComposedDpEvent":
        return dp_event.ComposedDpEvent([event_from_json(part) for part in value["events"]])
    raise ValueError(f"Unknown event class {name}.")


def event_to_json(event):
    """The JSON object of a DpEvent: the inverse of event_from_json."""
    if isinstance(event, DiscreteGaussian):
        return {"class_name": "DiscreteGaussianDpEvent", **dataclasses.asdict(event)}
    name = type(event).__name__
    if name in PLAIN:
        return {"class_name": name, **{field: getattr(event, field) for field in PLAIN[name]}}
    if name == "PoissonSampledDpEvent":
        rate = event.sampling_probability
        return {"class_name": name, "sampling_probability": rate, "event": event_to_json(event.event)}
    if name == "SelfComposedDpEvent":
        return {"class_name": name, "event": event_to_json(event.event), "count": event.count}
    if name == "ComposedDpEvent":
        return {"class_name": name, "events": [event_to_json(part) for part in event.events]}
    raise ValueError(f"Unknown event class {name}.")


def idealised(event):
    """The event with every discrete Gaussian replaced by the continuous one of the same ratio."""
    if isinstance(event, DiscreteGaussian):
        return dp_event.GaussianDpEvent(event.standard_deviation / event.sensitivity)
    if isinstance(event, dp_event.PoissonSampledDpEvent):
        return dp_event.PoissonSampledDpEvent(event.sampling_probability, idealised(event.event))
    if isinstance(event, dp_event.SelfComposedDpEvent):
        return dp_event.SelfComposedDpEvent(idealised(event.event), event.count)
    if isinstance(event, dp_event.ComposedDpEvent):
        return dp_event.ComposedDpEvent([idealised(part) for part in event.events])
    return event


def has_lattice(event):
    return event != idealised(event)


def flattened(event, count=1):
    """Every release with how often it happens: what PLDAccountant and RdpAccountant do inside."""
    if isinstance(event, dp_event.SelfComposedDpEvent):
        yield from flattened(event.event, count * event.count)
    elif isinstance(event, dp_event.ComposedDpEvent):
        for part in event.events:
            yield from flattened(part, count)
    else:
        yield event, count


def lattice_distribution(event, interval, pessimistic):
    """The loss distribution of one release of discrete Gaussian noise in one dimension."""
    rate = 1.0
    while isinstance(event, dp_event.PoissonSampledDpEvent):
        rate *= event.sampling_probability
        event = event.event
    if not isinstance(event, DiscreteGaussian) or event.dimensions != 1:
        raise ValueError("dp_accounting has no loss distribution for noise on a lattice of several dimensions.")
    return pld.from_discrete_gaussian_mechanism(
        event.standard_deviation,
        sensitivity=event.sensitivity,
        sampling_prob=rate,
        value_discretization_interval=interval,
        pessimistic_estimate=pessimistic,
        use_connect_dots=pessimistic,
    )


def pld_epsilon(event, delta, interval):
    """Epsilon by Google's PLD accountant at a width of discretisation: an upper bound."""
    accountant = pld_privacy_accountant.PLDAccountant(value_discretization_interval=interval)
    lattice = pld.identity(value_discretization_interval=interval)
    for release, count in flattened(event):
        if has_lattice(release):
            lattice = lattice.compose(lattice_distribution(release, interval, True).self_compose(count))
        else:
            accountant.compose(release, count)
    if accountant.get_epsilon(1.0) == math.inf:
        return math.inf
    # The accountant keeps its distribution to itself.
    return accountant._pld.compose(lattice).get_epsilon_for_delta(delta)  # pylint: disable=protected-access


def rdp_epsilon(event, delta):
    """Epsilon by Google's RDP accountant, which knows no discrete noise; None for what it does not support."""
    accountant = rdp_privacy_accountant.RdpAccountant()
    if has_lattice(event) or not accountant.supports(event):
        return None
    return float(accountant.compose(event).get_epsilon(delta))


def account(event, arguments):
    stands_for = "the event"
    if arguments.idealise and has_lattice(event):
        event = idealised(event)
        stands_for = "the continuous Gaussian of the same ratio in place of the lattice"
    return {
        "delta": arguments.delta,
        "accountedFor": stands_for,
        "pldEpsilon": pld_epsilon(event, arguments.delta, arguments.interval),
        "pldInterval": arguments.interval,
        "rdpEpsilon": rdp_epsilon(event, arguments.delta),
    }


def read(path):
    with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:
        value = json.load(file)
    return event_from_json(value.get("dpAccountingEvent", value))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    ask = commands.add_parser("account", help="epsilon by Google's PLD and RDP accountants")
    ask.add_argument("event")
    ask.add_argument("--delta", type=float, required=True)
    ask.add_argument("--interval", type=float, default=1e-4, help="width of Google's discretisation")
    ask.add_argument("--idealise", action="store_true", help="continuous Gaussian noise in place of the lattice's")
    commands.add_parser("round-trip", help="the event as Google's objects print it").add_argument("event")
    arguments = parser.parse_args()
    event = read(arguments.event)
    print(json.dumps(event_to_json(event) if arguments.command == "round-trip" else account(event, arguments)))


if __name__ == "__main__":
    main()
