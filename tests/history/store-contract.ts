import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type HistoryStore, mostBytes } from "../../attest/history/store.ts";

export interface StoreUnderTest {
  store: HistoryStore;
  /** Another opening of the same place, as another process has it. */
  again(): Promise<HistoryStore>;
  /** Puts something there by other means than ours. */
  plant(name: string, content: Buffer): void | Promise<void>;
}

/** What every place for a history has to keep. */
export function storeContract(given: () => StoreUnderTest): void {
  let made = 0;
  const aName = () => `records/${String(made++).padStart(8, "0")}.json`;

  describe("a store of a history", () => {
    test("gives back what it took, byte for byte, to whoever opens it", async () => {
      const { store, again } = given();
      const contents = [Buffer.from("{}"), randomBytes(200_000), Buffer.from("\n\0\r\n — é\u2028")];
      for (const content of contents) {
        const name = aName();
        expect(await store.create(name, content)).toBe("created");
        expect((await store.read(name))?.equals(content)).toBe(true);
        using other = await again();
        expect((await other.read(name))?.equals(content)).toBe(true);
      }
    });

    test("has nothing by a name that was never given, and says so without an error", async () => {
      const { store } = given();
      expect(await store.read("records/99999999.json")).toBe(null);
    });

    test("takes a name once, and keeps what it had, because a history is only added to", async () => {
      const { store, again } = given();
      const name = aName();
      await store.create(name, Buffer.from("first"));
      using other = await again();
      for (const one of [store, other]) {
        expect(await one.create(name, Buffer.from("second"))).toBe("exists");
        expect(await one.create(name, Buffer.from("first"))).toBe("exists");
      }
      expect((await store.read(name))?.toString()).toBe("first");
    });

    test("has one winner for a name that many want at once, and the winner's content", async () => {
      const { store, again } = given();
      const name = aName();
      using other = await again();
      const contents = Array.from({ length: 24 }, (_, index) => Buffer.from(`writer ${index}`));
      const answers = await Promise.all(
        contents.map((content, index) => (index % 2 === 0 ? store : other).create(name, content)),
      );
      expect(answers.filter((answer) => answer === "created")).toHaveLength(1);
      expect((await store.read(name))?.equals(contents[answers.indexOf("created")] as Buffer)).toBe(true);
    });

    test("lists every name, sorted, and only its own", async () => {
      const { store, again, plant } = given();
      const names = [aName(), aName(), "checkpoints/00000001", "checkpoints/00000010"];
      for (const name of names.toReversed()) await store.create(name, Buffer.from(name));
      await plant("planted.txt", Buffer.from("x"));
      using other = await again();
      const listed = await other.list();
      expect(listed).toEqual(listed.toSorted());
      expect(listed).toEqual(expect.arrayContaining([...names, "planted.txt"]));
      expect(listed.filter((name) => !/^(records|checkpoints)\//.test(name))).toEqual(["planted.txt"]);
    });

    test("refuses to read what no writer of a history wrote, however large", async () => {
      const { store, plant } = given();
      await plant("records/88888888.json", Buffer.alloc(mostBytes + 1));
      await expect(store.read("records/88888888.json")).rejects.toMatchObject({
        code: "HISTORY_UNAVAILABLE",
      });
    });
  });
}
