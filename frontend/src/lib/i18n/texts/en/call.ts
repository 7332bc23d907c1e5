// The call: its states, its controls, and what is said about the other person.

export const call = {};
