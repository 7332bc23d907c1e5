// The seats of all rooms, in the memory of this process.

export const SEATS = 2;

/** Seats of a process that serves alone. */
export function seatsInMemory() {
  /** `appointment_id` → socket id → name. */
  const rooms = new Map();
  return {
    /**
     * Takes a seat. Returns the other participant, `[id, name]` or `[]`, or `undefined` without a free seat.
     */
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
