import { createRequire } from "node:module";
import type * as X509 from "@peculiar/x509";

const require = createRequire(import.meta.url);

/** The library that reads what a certificate says of itself, loaded when it is first asked for: that takes a tenth of a
 *  second, and evidence that is signed by keys has no certificates. */
export function x509(): typeof X509 {
  require("reflect-metadata");
  return require("@peculiar/x509") as typeof X509;
}
