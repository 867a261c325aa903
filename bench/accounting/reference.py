"""The other side of the benchmark: answers queries with google dp_accounting, one line of JSON each way.

Times are taken here, around the call alone, so that starting Python and talking to it do not count.
"""
import json
import sys
import time

import dp_accounting
from dp_accounting.pld import pld_privacy_accountant


def make_event(phases):
    return dp_accounting.ComposedDpEvent([
        dp_accounting.SelfComposedDpEvent(
            dp_accounting.PoissonSampledDpEvent(rate, dp_accounting.GaussianDpEvent(noise)), steps
        )
        for rate, noise, steps in phases
    ])


def accountant():
    return pld_privacy_accountant.PLDAccountant()


def epsilon(query):
    return accountant().compose(make_event(query["phases"])).get_epsilon(query["delta"])


def calibration(query):
    [[rate, _, steps]] = query["phases"]
    return dp_accounting.calibrate_dp_mechanism(
        accountant,
        lambda noise: make_event([[rate, noise, steps]]),
        query["epsilon"],
        query["delta"],
    )


def answer(query):
    start = time.perf_counter()
    value = calibration(query) if "epsilon" in query else epsilon(query)
    return {"value": value, "milliseconds": 1000 * (time.perf_counter() - start)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
