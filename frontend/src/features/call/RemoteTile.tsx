// The other participant: video, audio and status.

import { MicOff, MonitorUp, VideoOff, WifiOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { cn } from '../../lib/cn';
import { useTexts } from '../../lib/i18n/useTexts';
import type { RemoteMedia } from '../../rtc/connection/remoteMedia';
import { RemoteAudio } from './RemoteAudio';
import { VideoPaused } from './VideoPaused';
import { VideoView } from './VideoView';

interface RemoteTileProps {
  /** Null while no media arrives. */
  remote: RemoteMedia | null;
  name: string;
  /** True during a call, also while it is interrupted. */
  isThere: boolean;
  isReconnecting: boolean;
  speaker: string;
  /** True where the name would lie under the own tile. */
  nameSide: 'start' | 'end';
}

export function RemoteTile(props: RemoteTileProps) {
  const { remote, name, isThere, isReconnecting, speaker, nameSide } = props;
  const texts = useTexts().call.stage;
  const status = remote?.status;
  return (
    <div className="absolute inset-0 flex flex-col items-center justify-center gap-4">
      <VideoView
        stream={remote?.stream ?? null}
        hasVideo={remote?.hasVideo ?? false}
        name={isThere ? name : ''}
        label={texts.pictureOf(name)}
        testId="remote-video"
        initialsClass="size-28 text-4xl short:size-20 short:text-2xl"
        fit={status?.screen ? 'whole' : undefined}
      />
      {status?.videoPaused && <VideoPaused whose="peer" className="relative" />}
      <RemoteAudio stream={remote?.stream ?? null} name={name} speaker={speaker} />
      {isThere && name && (
        <div
          className={cn(
            'absolute bottom-3 flex max-w-[55%] flex-col gap-1.5 lg:bottom-4',
            nameSide === 'start' ? 'start-3 items-start lg:start-4' : 'end-3 items-end lg:end-4',
          )}
        >
          {status && !status.microphone && (
            <Badge icon={<MicOff aria-hidden />} testId="peer-muted">
              {texts.muted}
            </Badge>
          )}
          {status && !status.camera && !status.screen && (
            <Badge icon={<VideoOff aria-hidden />} testId="peer-camera-off">
              {texts.cameraOff}
            </Badge>
          )}
          {status?.screen && (
            <Badge icon={<MonitorUp aria-hidden />} testId="peer-sharing">
              {texts.sharing}
            </Badge>
          )}
          {isReconnecting && (
            <Badge icon={<WifiOff aria-hidden />} testId="peer-reconnecting">
              {texts.reconnecting}
            </Badge>
          )}
          <p className="max-w-full truncate rounded-lg bg-stage/80 px-2.5 py-1 text-sm">{name}</p>
        </div>
      )}
    </div>
  );
}

interface BadgeProps {
  icon: ReactNode;
  testId: string;
  children: ReactNode;
}

function Badge({ icon, testId, children }: BadgeProps) {
  return (
    <p
      data-testid={testId}
      className="flex items-center gap-1.5 rounded-lg bg-stage/80 px-2.5 py-1 text-sm [&>svg]:size-4 [&>svg]:shrink-0"
    >
      {icon}
      {children}
    </p>
  );
}
