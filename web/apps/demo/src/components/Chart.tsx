import { useEffect, useRef } from 'react';
import type { ReactElement } from 'react';
import UPlot from 'uplot';
import { useSettings } from '../settings';
import 'uplot/dist/uPlot.min.css';

export interface Line { label: string; color: string; values: readonly number[] }

const HEIGHT_PX = 150;
/** A first minute is not stretched over the whole width. */
const SHORTEST_S = 60;

/** Where the time may be marked. */
const STEPS_S: number[] = [5, 10, 15, 30, 60];

/** From when to when; without a value yet it is the minute that passes. uPlot then gives null, whatever its types say. */
function span(min: number | null, max: number | null): [number, number] {
  const end = max ?? Date.now() / 1000;
  return [Math.min(min ?? end, end - SHORTEST_S), end];
}

/** A canvas cannot read light-dark() or var(): what they come to here and now. */
function colorOf(place: HTMLElement, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Lines over the last minutes. The picture is decoration: the newest numbers stand beside it as text. */
export function Chart(props: { label: string; times: readonly number[]; lines: readonly Line[]; unit: string }): ReactElement {
  const { label, times, lines, unit } = props;
  const { theme, translator: { locale } } = useSettings();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const shape = lines.map((one) => `${one.label} ${one.color}`).join('|');
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
    const axis = { stroke: colorOf(element, '--muted-now'), grid: { stroke: colorOf(element, '--line-now'), width: 1 }, ticks: { show: false }, font: '12px Inter, system-ui' };
    plot.current = new UPlot({
      width: Math.max(200, element.clientWidth),
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { range: (_plot, min, max) => span(min, max) }, y: { range: (_plot, _min, max) => [0, Math.max(max * 1.2, 1)] } },
      axes: [
        { ...axis, size: 24, space: 72, incrs: STEPS_S, values: (_plot, ticks) => ticks.map((at) => clock.format(at * 1000)) },
        { ...axis, size: 44 },
      ],
      series: [{}, ...lines.map((one) => ({
        label: one.label, stroke: colorOf(element, one.color), width: 2, points: { show: false },
      }))],
    }, [[], ...lines.map(() => [])], element);
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: Math.max(200, element.clientWidth), height: HEIGHT_PX }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
    // The lines' names and colours make the plot; their values only feed it.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [shape, theme, locale]);
  useEffect(() => {
    plot.current?.setData([[...times], ...lines.map((one) => [...one.values])]);
  }, [times, lines]);
  return (
    <figure className="chart">
      <figcaption>
        <strong>{label}</strong>
        {lines.map((one) => (
          <span key={one.label} className="chart-key" style={{ '--key': `var(${one.color})` } as React.CSSProperties}>
            {one.label} <b>{rounded(one.values.at(-1), locale)}</b> {unit}
          </span>
        ))}
      </figcaption>
      <div ref={box} className="chart-plot" aria-hidden="true" />
    </figure>
  );
}

function rounded(value: number | undefined, locale: string): string {
  return value?.toLocaleString(locale, { maximumFractionDigits: value < 10 ? 1 : 0 }) ?? '–';
}
