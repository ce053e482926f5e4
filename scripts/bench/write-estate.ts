import { mkdirSync, readFileSync } from "node:fs";
import { driver } from "../../environments/replica/driver.ts";
import { loadProbes } from "../../probes/catalog.ts";
import { estateMap, writeEstate } from "./estate.ts";

/** `node scripts/bench/write-estate.ts DIR COPIES`: a process of its own, so that its memory can be measured. */
const [directory = "", copies = "1"] = process.argv.slice(2);
const kinds = await loadProbes();
const mapText = estateMap(readFileSync(driver.mapFile, "utf8"), { copies: Number(copies), kinds });
mkdirSync(directory, { recursive: true });
process.stdout.write(JSON.stringify(await writeEstate(directory, { mapText, kinds })));
