// What became of the invite link.

import type { Invite } from './useInvite';

/** There before it has anything to say, or that would not be read out. */
export function InviteNote({ note, link }: Invite) {
  return (
    <div
      role="status"
      className="pointer-events-none absolute inset-x-3 bottom-28 z-30 flex justify-center short:bottom-16"
    >
      {note && (
        <p className="pointer-events-auto rounded-2xl bg-ink px-4 py-3 text-center text-sm text-canvas shadow-lg">
          {note}
          {link && <span className="block break-all select-all">{link}</span>}
        </p>
      )}
    </div>
  );
}
