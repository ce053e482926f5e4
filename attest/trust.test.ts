import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { signingKey } from "./keys.ts";
import { readSigners } from "./signers-file.ts";
import { readTrust } from "./trust.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-trust-"));
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = signingKey(privateKey);
writeFileSync(join(folder, "eu.pub.pem"), key.publicPem);
writeFileSync(join(folder, "eu.key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (text: string) => {
  const path = join(folder, "file.yaml");
  writeFileSync(path, text);
  return path;
};

describe("a trust file", () => {
  const trusting = "format: 1\nsigners: [{ signs: eu, key: eu.pub.pem }]\n";

  test("may leave a signer's time open to either side", () => {
    const entries =
      "[{ signs: a, key: eu.pub.pem, from: 2026-01-01 }, { signs: b, key: eu.pub.pem, until: 2026-01-01 }]";
    const day = new Date("2026-01-01T00:00:00Z");
    expect(readTrust(file(`format: 1\nsigners: ${entries}`)).signers).toMatchObject([
      { signs: "a", from: day, until: undefined },
      { signs: "b", from: undefined, until: day },
    ]);
  });

  test("names keys by files beside it or in itself, with the days on which they may sign", () => {
    const inline = key.publicPem.replace(/^/gm, "      ");
    const { signers } = readTrust(
      file(
        `format: 1\nsigners:\n  - { signs: eu, key: eu.pub.pem, from: 2026-01-01, until: 2026-07-01T12:00:00Z }\n  - signs: judge\n    key: |\n${inline}`,
      ),
    );
    expect(signers).toMatchObject([
      {
        signs: "eu",
        fingerprint: key.fingerprint,
        from: new Date("2026-01-01T00:00:00Z"),
        until: new Date("2026-07-01T12:00:00Z"),
      },
      { signs: "judge", fingerprint: key.fingerprint, from: undefined },
    ]);
  });

  test.each<[string, string, RegExp]>([
    ["is not there", "", /cannot be read/],
    ["is no YAML", "format: [", /not YAML at line 1/],
    ["trusts nobody", "format: 1\nsigners: []", /signers/],
    [
      "trusts a key and an identity at once",
      'format: 1\nsigners: [{ signs: eu, key: eu.pub.pem, identity: { subject: a, issuer: "https://b.test" } }]',
      /either a key, or an identity/,
    ],
    ["is misspelt", "format: 1\nsigners: [{ sign: eu, key: eu.pub.pem }]", /sign/],
    ["names a key that is not there", "format: 1\nsigners: [{ signs: eu, key: us.pub.pem }]", /us\.pub\.pem/],
    [
      "names a private key, which everybody could then read",
      "format: 1\nsigners: [{ signs: eu, key: eu.key.pem }]",
      /private key/,
    ],
    [
      "ends before it begins",
      "format: 1\nsigners: [{ signs: eu, key: eu.pub.pem, from: 2026-02-01, until: 2026-01-01 }]",
      /`until` is not after `from`[\s\S]*signers\[0\]/,
    ],
    [
      "ends when it begins",
      "format: 1\nsigners: [{ signs: eu, key: eu.pub.pem, from: 2026-02-01, until: 2026-02-01T00:00:00Z }]",
      /`until` is not after `from`/,
    ],
    [
      "trusts an identity, and not who vouches for it",
      'format: 1\nsigners: [{ signs: eu, identity: { subject: a, issuer: "https://b.test" } }]',
      /an identity with a trusted root/,
    ],
    [
      "says who vouches, and not for whom",
      "format: 1\nsigners: [{ signs: eu, trustedRoot: eu.pub.pem }]",
      /an identity with a trusted root/,
    ],
    [
      "says who vouches for a key",
      "format: 1\nsigners: [{ signs: eu, key: eu.pub.pem, trustedRoot: eu.pub.pem }]",
      /either a key, or an identity/,
    ],
    [
      "takes anything for Sigstore's keys",
      'format: 1\nsigners: [{ signs: eu, trustedRoot: eu.pub.pem, identity: { subject: a, issuer: "https://b.test" } }]',
      /signers\[0\]: the trusted root names no authority/,
    ],
    [
      "takes anything for an authority's certificates",
      `${trusting}timestamps: { authorities: [eu.pub.pem] }`,
      /timestamps\.authorities\[0\]: .*no certificates in PEM/,
    ],
    [
      "names an authority's certificates that are not there",
      `${trusting}timestamps: { authorities: [none.pem] }`,
      /timestamps\.authorities\[0\]: it cannot be read: .*none\.pem/,
    ],
    ["says no date", "format: 1\nsigners: [{ signs: eu, key: eu.pub.pem, from: yesterday }]", /from/],
  ])("that %s is refused, and why is said", (_what, text, reason) => {
    const path = text === "" ? join(folder, "absent.yaml") : file(text);
    expect(() => readTrust(path)).toThrow(
      expect.objectContaining({ code: "TRUST_INVALID", message: expect.stringMatching(reason) }),
    );
  });
});

describe("a signers file", () => {
  const complete = "format: 1\njudge: { key: env:JUDGE }\nregions: { eu: { key: file:/run/eu.pem } }";

  test("says who signs what, and holds no secret", () => {
    expect(readSigners(file(complete), ["eu"])).toMatchObject({ judge: { key: "env:JUDGE" } });
  });

  test.each<[string, string, RegExp]>([
    ["leaves an observer out", complete, /no signer for us/],
    ["holds a key instead of naming it", complete.replace("env:JUDGE", "MIGHAgEA"), /env:NAME or file:PATH/],
    ["has no judge", complete.replace("judge:", "judges:"), /judge/],
  ])("that %s is refused, and why is said", (_what, text, reason) => {
    expect(() => readSigners(file(text), ["eu", "us"])).toThrow(
      expect.objectContaining({ code: "SIGNER_INVALID", message: expect.stringMatching(reason) }),
    );
  });
});
