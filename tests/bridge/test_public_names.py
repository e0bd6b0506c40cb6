import subprocess
import sys

import bridge


def test_all_is_sorted_and_there():
    assert bridge.__all__ == sorted(bridge.__all__)
    assert all(hasattr(bridge, name) for name in bridge.__all__)


def test_the_codecs_need_no_web3():
    code = "import sys, bridge; sys.exit(any(name in sys.modules for name in ('web3', 'eth', 'sqlalchemy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
