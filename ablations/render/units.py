"""Times and memory as texts."""


def duration(seconds: float) -> str:
    """As "45 s", "12 min", "5 h 7 min", "3 d 4 h"."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def gigabytes(megabytes: float) -> str:
    """As "1.6 GB"; both count in thousands."""
    return f"{megabytes / 1000:.1f} GB"
