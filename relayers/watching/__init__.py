"""The watcher: re-checks from final blocks alone what the bridge did, and raises alarms that somebody answers."""

from relayers.watching.alarms import Alarm, AlarmKind
from relayers.watching.watcher import Watcher, WatchPolicy

__all__ = ["Alarm", "AlarmKind", "WatchPolicy", "Watcher"]
