// Who sits in which room, in the memory of this process.

export const SEATS = 2;

/** Seats of a process that serves alone. */
export function seatsInMemory() {
  /** `appointment_id` → socket id → name. */
  const rooms = new Map();
  return {
    /** Takes a seat. Answers with who sits opposite, `[id, name]` or `[]`, and with `undefined` where there is no seat. */
    take(room, id, name) {
      const seats = rooms.get(room) ?? new Map();
      if (seats.size >= SEATS) return undefined;
      const [opponent] = seats;
      rooms.set(room, seats.set(id, name));
      return opponent ?? [];
    },

    giveUp(room, id) {
      const seats = rooms.get(room);
      seats.delete(id);
      if (seats.size === 0) rooms.delete(room);
    },
  };
}
