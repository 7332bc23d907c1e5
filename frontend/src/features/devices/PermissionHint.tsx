// Tells what to answer while the browser asks for camera and microphone. It comes late, so that
// whoever has allowed them before never sees it.

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
