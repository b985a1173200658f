/** Tells when files are dragged over the element, and gives them when they are dropped. Text may still be dragged. */
export function installFileDrop(
  element: HTMLElement, onOver: (over: boolean) => void, onFiles: (files: FileList) => void,
): () => void {
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
  const over = (event: DragEvent): void => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    onOver(true);
  };
  const leave = (event: DragEvent): void => {
    if (!element.contains(event.relatedTarget as Node | null)) onOver(false);
  };
  const drop = (event: DragEvent): void => {
    onOver(false);
    if (!hasFiles(event) || event.dataTransfer === null) return;
    event.preventDefault();
    onFiles(event.dataTransfer.files);
  };
  element.addEventListener('dragover', over);
  element.addEventListener('dragleave', leave);
  element.addEventListener('drop', drop);
  return () => {
    element.removeEventListener('dragover', over);
    element.removeEventListener('dragleave', leave);
    element.removeEventListener('drop', drop);
  };
}
