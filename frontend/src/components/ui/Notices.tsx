// Shows the newest notice above the page, clear of the controls. The live region exists before the
// first notice, since screen readers announce only changes of it.

import { notice } from '../../lib/notices';
import { useStore } from '../../lib/useStore';

export function Notices() {
  const current = useStore(notice);
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-4 top-[max(1rem,env(safe-area-inset-top))] z-50 flex justify-center"
    >
      {current && (
        <p
          key={current.id}
          className="rounded-control border border-transparent bg-ink px-4 py-2.5 text-canvas shadow-lg motion-safe:animate-arrive"
        >
          {current.text}
        </p>
      )}
    </div>
  );
}
