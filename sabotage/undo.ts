/** Does something to the replica, and undoes it when disposed. Undone in part, too: whatever was reached
 *  before `act` failed. */
export async function undoable(
  act: () => unknown | Promise<unknown>,
  undo: () => unknown | Promise<unknown>,
): Promise<AsyncDisposable> {
  try {
    await act();
  } catch (error) {
    await undo();
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      await undo();
    },
  };
}
