"""Programs for parts that tests supervise."""

WAITS = "import signal; signal.sigwait({signal.SIGTERM})"
IGNORES_SIGTERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)
# A child that a shell would call a daemon: another session, another parent, and deaf to SIGTERM.
LEAVES_A_GRANDCHILD = f"""
import os, signal, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]], "
    "start_new_session=True)", {IGNORES_SIGTERM!r}])
signal.sigwait({{signal.SIGTERM}})
"""
