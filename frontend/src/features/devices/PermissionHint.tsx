// Hint to the browser's prompt for devices. It appears after a delay, so that a user with earlier
// permission never sees it.

import { useTexts } from '../../lib/i18n/useTexts';
import { useStore } from '../../lib/useStore';
import type { LocalMedia } from '../../rtc/media/localMedia';

export function PermissionHint({ media }: { media: LocalMedia }) {
  const { help } = useTexts().devices;
  const { camera, microphone } = useStore(media.snapshot);
  if (camera !== 'pending' && microphone !== 'pending') return null;
  return (
    <p role="status" className="appear-late rounded-2xl bg-sunken px-4 py-3 text-sm">
      {help.asking}
    </p>
  );
}
