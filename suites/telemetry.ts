import { leakPathSuite } from "./suite.ts";

leakPathSuite("telemetry");
