"""What the databases do by themselves: the same rows, tables, indexes and durability, no server."""

import re
import subprocess
import time

from place import WORK, run

# Tables that others refer to, in an order in which they can be filled.
REFERRED = ("people", "teams", "agents", "agent_versions", "labels", "categories", "deployments")
BATCH = 100


def shell(file, text):
    """Seconds that the sqlite3 shell takes for a script, with a server's settings."""
    script = WORK / "script.sql"
    script.write_text(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;\n"
        "PRAGMA cache_size = -16384;\n" + text
    )
    started = time.perf_counter()
    with open(script) as lines:
        run("sqlite3", file, stdin=lines)
    return time.perf_counter() - started


class Sqlite:
    """The rows that a server stored, ready to be stored again."""

    def __init__(self, place, raw):
        self.raw = raw
        self.stage = WORK / "stage.db"
        self.stage.unlink(missing_ok=True)
        run("sqlite3", self.stage, f"ATTACH '{place.file}' AS src;" + "".join(
            f"CREATE TABLE {table} AS SELECT * FROM src.{table};" for table in REFERRED
        ) + """
            CREATE TABLE interactions AS SELECT * FROM src.interactions ORDER BY id LIMIT 20000;
            CREATE TABLE interaction_bodies AS SELECT * FROM src.interaction_bodies
                ORDER BY interaction_id LIMIT 20000;
            CREATE TABLE feedback AS SELECT * FROM src.feedback WHERE interaction_id IN
                (SELECT id FROM interactions) AND superseded_by IS NULL ORDER BY id LIMIT 20000;
        """)
        self.count = int(run("sqlite3", self.stage, "SELECT count(*) FROM feedback"))

    def fresh(self):
        for file in self.raw.data.glob("overrule.db*"):
            file.unlink()
        self.raw.command("migrate")
        return f"ATTACH '{self.stage}' AS stage;\n" + "".join(
            f"INSERT INTO {table} SELECT * FROM stage.{table};\n" for table in REFERRED
        )

    def batched(self):
        """Interactions a second, a hundred a commit."""
        shell(self.raw.file, self.fresh())
        rows = 20_000
        text = f"ATTACH '{self.stage}' AS stage;\n"
        for start in range(1, rows, BATCH):
            within = f"WHERE rowid BETWEEN {start} AND {start + BATCH - 1}"
            text += (
                f"BEGIN IMMEDIATE;INSERT INTO interactions SELECT * FROM stage.interactions {within};"
                f"INSERT INTO interaction_bodies SELECT * FROM stage.interaction_bodies {within};"
                "COMMIT;\n"
            )
        return rows / shell(self.raw.file, text)

    def one_by_one(self, _connections):
        """Feedback a second, a row a commit; interactions are there from `batched`."""
        rows = min(3_000, self.count)
        text = f"ATTACH '{self.stage}' AS stage;DELETE FROM feedback;\n" + "".join(
            f"INSERT INTO feedback SELECT * FROM stage.feedback WHERE rowid = {n};\n"
            for n in range(1, rows + 1)
        )
        return rows / shell(self.raw.file, text)


class Postgres:
    """As `Sqlite`, by pgbench."""

    def __init__(self, place, cluster):
        self.cluster = cluster
        run("psql", "-qX", cluster.url, "-c", "DROP DATABASE IF EXISTS raw")
        name = place.url.rsplit("/", 1)[1]
        run("psql", "-qX", cluster.url, "-c", f"CREATE DATABASE raw TEMPLATE {name}")
        self.url = cluster.url.rsplit("/", 1)[0] + "/raw"
        numbered = "CREATE TABLE {0} AS SELECT row_number() OVER (ORDER BY {2}) AS n, s.* " \
            "FROM (SELECT * FROM {1} ORDER BY {2} LIMIT 20000) s; CREATE INDEX ON {0} (n);"
        self.psql(
            numbered.format("stage_i", "interactions", "id")
            + numbered.format("stage_b", "interaction_bodies", "interaction_id")
            + numbered.format("stage_f", "(SELECT * FROM feedback WHERE superseded_by IS NULL AND "
                              "interaction_id IN (SELECT id FROM stage_i)) x", "id")
            + "VACUUM ANALYZE;"
        )
        self.count = int(self.psql("SELECT count(*) FROM stage_f"))

    def psql(self, text):
        out = ""
        for statement in filter(str.strip, text.split(";")):
            out = run("psql", "-qAtX", self.url, "-c", statement)
        return out.strip()

    def columns(self, table):
        return self.psql(
            "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) FROM "
            f"information_schema.columns WHERE table_name = '{table}' AND column_name <> 'n'"
        )

    def pgbench(self, script, clients, transactions):
        file = WORK / "script.pgbench"
        file.write_text(script)
        options = ["-n", "-M", "prepared", "-c", clients, "-j", min(clients, 2), "-t", transactions]
        out = run(self.cluster.programs / "pgbench", *options, "-D", "at=0", "-f", file, self.url)
        return float(re.search(r"tps = ([\d.]+)", out).group(1))

    def batched(self):
        self.psql("TRUNCATE interactions, feedback CASCADE; CHECKPOINT")
        script = f"\\set at :at + {BATCH}\nBEGIN;\n" + "".join(
            f"INSERT INTO {table} SELECT {self.columns(table)} FROM {stage} "
            f"WHERE n > :at - {BATCH} AND n <= :at;\n"
            for table, stage in (("interactions", "stage_i"), ("interaction_bodies", "stage_b"))
        ) + "END;\n"
        return self.pgbench(script, 1, 20_000 // BATCH) * BATCH

    def copied(self):
        """Interactions a second by COPY, in one transaction."""
        self.psql("TRUNCATE interactions, feedback CASCADE; CHECKPOINT")
        copies = ""
        for table, stage in (("interactions", "stage_i"), ("interaction_bodies", "stage_b")):
            file = WORK / f"{table}.copy"
            columns = self.columns(table)
            run("psql", "-qX", self.url, "-c",
                f"\\copy (SELECT {columns} FROM {stage} ORDER BY n) TO '{file}'")
            copies += f"\\copy {table} ({columns}) FROM '{file}'\n"
        started = time.perf_counter()
        subprocess.run(["psql", "-qX", "-1", "-v", "ON_ERROR_STOP=1", self.url], input=copies,
                       text=True, check=True, stdout=subprocess.DEVNULL)
        return 20_000 / (time.perf_counter() - started)

    def one_by_one(self, connections):
        self.psql("DELETE FROM feedback; VACUUM feedback; CHECKPOINT")
        rows = min(3_000 if connections == 1 else 20_000, self.count)
        script = (
            f"\\set at :at + 1\nINSERT INTO feedback SELECT {self.columns('feedback')} FROM stage_f "
            f"WHERE n = :at * {connections} - :client_id;\n"
        )
        return self.pgbench(script, connections, rows // connections)
