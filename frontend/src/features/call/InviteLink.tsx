// The invitation link, where it could not be copied.

import { useTexts } from '../../lib/i18n/useTexts';

/** Always mounted: screen readers announce only changes of an existing live region. */
export function InviteLink({ link }: { link: string | null }) {
  const texts = useTexts().call.controls;
  return (
    <div
      role="status"
      className="pointer-events-none absolute inset-x-3 bottom-28 z-30 flex justify-center short:bottom-16"
    >
      {link && (
        <p className="pointer-events-auto rounded-card bg-ink px-4 py-3 text-center text-sm text-canvas shadow-lg">
          {texts.copyThis}
          <span className="block break-all select-all">{link}</span>
        </p>
      )}
    </div>
  );
}
