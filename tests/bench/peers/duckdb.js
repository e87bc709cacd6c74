// DuckDB's part of `group_bench peers`: does what the plan says, and writes what it took and what came of it.
//
//   node duckdb.js PLAN.json
//
// Times are [processor, wall] in nanoseconds.
"use strict";
const fs = require("fs");
const { DuckDBInstance } = require("@duckdb/node-api");

async function timed(body, operations = 1) {
  const cpu = process.cpuUsage();
  const wall = process.hrtime.bigint();
  await body();
  const spent = process.cpuUsage(cpu);
  const elapsed = Number(process.hrtime.bigint() - wall);
  return [((spent.user + spent.system) * 1000) / operations, elapsed / operations];
}

const csv = (path) => `'${path.replaceAll("'", "''")}' (FORMAT csv, HEADER false, ALLOW_QUOTED_NULLS false)`;

async function main() {
  const plan = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
  const instance = await DuckDBInstance.create(plan.database, { threads: String(plan.threads) });
  const connection = await instance.connect();
  const answer = { all: [], one: [] };
  answer.load = [
    await timed(async () => {
      for (const sql of plan.schema) await connection.run(sql);
      await connection.run(`COPY computer FROM ${csv(plan.computers)}`);
      await connection.run(`COPY application FROM ${csv(plan.applications)}`);
    }),
  ];
  for (let repetition = 0; repetition < plan.repetitions; ++repetition) {
    await connection.run("DELETE FROM membership");
    await connection.run("CHECKPOINT");
    answer.all.push(
      await timed(async () => {
        await connection.run("BEGIN");
        for (const sql of plan.statements) await connection.run(sql);
        await connection.run("COMMIT");
      }),
    );
  }
  const one = await connection.prepare(plan.oneComputer);
  for (const computer of plan.lookups) {
    one.bindBigInt(1, BigInt(computer));
    answer.one.push(await timed(async () => (await one.runAndReadAll()).getRows()));
  }
  const tallies = await connection.runAndReadAll(plan.tally);
  answer.tallies = tallies.getRows().map((row) => row.map(String));
  const version = await connection.runAndReadAll("SELECT version()");
  answer.version = String(version.getRows()[0][0]);
  fs.writeFileSync(plan.answer, JSON.stringify(answer));
}

main().catch((error) => {
  console.error(String(error.message ?? error).slice(0, 2000));
  process.exit(1);
});
