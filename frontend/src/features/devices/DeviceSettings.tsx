// The dialog about devices, in which they are tried and changed during the call. It is loaded when it
// is opened for the first time.

import { lazy, useState } from 'react';
import { Lazy } from '../../components/Lazy';
import type { LocalMedia } from '../../rtc/media';

const DeviceDialog = lazy(() => import('./DeviceDialog'));

export interface DeviceSettingsProps {
  media: LocalMedia;
  isOpen: boolean;
  onClose: () => void;
}

export function DeviceSettings({ media, isOpen, onClose }: DeviceSettingsProps) {
  const [wasOpen, setWasOpen] = useState(false);
  if (isOpen && !wasOpen) setWasOpen(true);
  if (!wasOpen) return null;
  return (
    <Lazy fallback={null}>
      <DeviceDialog media={media} isOpen={isOpen} onClose={onClose} />
    </Lazy>
  );
}
