// Device problems to report, in order: one for both devices if they share it, otherwise one for
// each.

import type { SourceKind } from '../../rtc/media/devices';
import type { MediaProblem, MediaSnapshot } from '../../rtc/media/localMedia';

export interface ProblemReport {
  what: SourceKind | 'both';
  problem: MediaProblem;
}

export function problemsOf({ problems }: Pick<MediaSnapshot, 'problems'>): ProblemReport[] {
  const { microphone, camera } = problems;
  if (microphone && microphone === camera) return [{ what: 'both', problem: microphone }];
  const reports: ProblemReport[] = [];
  if (microphone) reports.push({ what: 'microphone', problem: microphone });
  if (camera) reports.push({ what: 'camera', problem: camera });
  return reports;
}

/** True if another request can succeed. */
export function canAskAgain(problem: MediaProblem): boolean {
  return !['insecure', 'unsupported', 'embedded'].includes(problem);
}
