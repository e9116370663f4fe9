"""A small centre with all that a sweep has to keep apart, and stores compared value by value."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

CENTRE: dict[str, Any] = {
    "schema": 1,
    "name": "small",
    "opens": "08:00",
    "closes": "10:00",
    "interval": "60 min",
    "queues": {
        "support": {
            "arrivals": {"rate": "60 / h"},
            "talk": {"distribution": "lognormal", "mean": "3 min", "cv": 1.0},
            "patience": {"distribution": "exponential", "mean": "2 min"},
            "redial": {"share": "30%", "after": {"distribution": "exponential", "mean": "5 min"}},
            "classes": {"vip": {"share": "20%"}},
        },
        "billing": {
            "arrivals": {"rate": "20 / h"},
            "talk": {"distribution": "exponential", "mean": "3 min"},
            "patience": {"distribution": "exponential", "mean": "2 min"},
        },
    },
    "agents": {
        "front": {"staffing": 3, "skills": ["support"], "cost_per_hour": 20},
        "back": {"staffing": 2, "skills": ["support", "billing"], "cost_per_hour": 30, "shrinkage": "20%"},
    },
}
METRICS = ["service_level", "mean_wait", "max_wait", "p90_wait", "lost_customers", "staff_cost", "occupancy"]


def sweep_file(folder: Path, name: str = "sweep.yaml", **changes: Any) -> Path:
    """A sweep of twelve points (or as changed), beside its scenario, as JSON, which is YAML too."""
    import json

    (folder / "centre.yaml").write_text(json.dumps(CENTRE))
    document: dict[str, Any] = {
        "scenario": "centre.yaml",
        "vary": {
            "queues.support.arrivals.volume": ["80%", "100%"],
            "agents.front.staffing": [2, 3, 4],
            "queues.billing.patience.mean": ["1 min", "2 min"],
        },
        "replications": 4,
        "metrics": METRICS,
    }
    path = folder / name
    path.write_text(json.dumps({k: v for k, v in {**document, **changes}.items() if v is not None}))
    return path


def contents(store: Path) -> dict[str, list[Any]]:
    """Every table of a store, each in order: what two stores of one sweep agree in."""
    with closing(sqlite3.connect(store)) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in tables
        }
