"""Flows: what happens to an instance, a snapshot or a record change after its request was answered.

A flow is a list of steps: a number waits so many seconds, a string is a new status, a callable is
work. A newer flow of the same thing ends the older one at its next step: deleting an instance
that is being modified must not see it come back as `available`.
"""

import sys
import threading
import time
import traceback


def start(tenant, thing, steps, on_error=None):
    """Run `steps` for `thing`: here and now if none of them waits, else in a thread of their own.

    Call it without holding the tenant's lock: work may take long. `thing` needs the attributes
    `status` and `flow`.
    """
    token = object()
    with tenant.lock:
        thing.flow = token

    def current():
        return thing.flow is token

    def run():
        for step in steps:
            try:
                _do(tenant, thing, step, current)
            except Exception as error:  # whatever went wrong must become visible as a status
                with tenant.lock:
                    if not current():
                        return
                    traceback.print_exc(file=sys.stderr)
                    thing.status = "failed"
                if on_error:
                    on_error(error)
                return
            if not current():
                return

    waits = any(isinstance(step, (int, float)) and step > 0 for step in steps)
    if waits:
        threading.Thread(target=run, daemon=True, name=f"flow of {thing}").start()
    else:
        run()


def stop(tenant, thing):
    """End whatever is going on with `thing`: somebody else decides its status from now on."""
    with tenant.lock:
        thing.flow = None


def _do(tenant, thing, step, current):
    if isinstance(step, str):
        with tenant.lock:
            if current():
                thing.status = step
    elif callable(step):
        if current():
            step()
    elif step > 0:
        time.sleep(step)
