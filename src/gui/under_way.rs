//! What a page says of its own study: under way with a bar, failed, or the result of an
//! earlier setting.

use std::time::Duration;

use eframe::egui::{ProgressBar, RichText, Ui};

use crate::gui::study_handle::{SOON, StudyHandle};

/// A line while something is under way or has gone wrong, and nothing otherwise; `what` is
/// what is being computed, with its first letter large.
pub fn show<Q, A>(ui: &mut Ui, asked: &mut StudyHandle<Q, A>, what: &str)
where
    Q: Clone + PartialEq + Send + 'static,
    A: Send + 'static,
{
    let shown = asked.answer().is_some();
    if let Some(share) = asked.progress() {
        if !asked.takes_long() {
            // A line for a frame or two would make the page jump while a slider moves.
            ui.request_repaint_after(SOON);
            return;
        }
        ui.horizontal(|ui| {
            ui.add(ProgressBar::new(share).desired_width(160.0).desired_height(12.0));
            let button = ui.small_button("Cancel");
            if button.on_hover_text("Stop; the last result stays").clicked() {
                asked.cancel();
            }
            let rest = if shown { "; what is shown is the last result." } else { "…" };
            ui.label(RichText::new(format!("{what}{rest}")).weak());
        });
        // The worker wakes the window when it is done; until then only the bar moves.
        ui.request_repaint_after(Duration::from_millis(100));
    } else if let Some(failure) = asked.failure() {
        ui.colored_label(ui.visuals().error_fg_color, failure);
    } else if asked.is_stale() || (!shown && asked.has_asked(|_| true)) {
        let rest = if shown { "; what is shown is the last result." } else { "." };
        ui.horizontal(|ui| {
            if ui.small_button("Compute again").clicked() {
                asked.ask_again();
            }
            ui.label(RichText::new(format!("Cancelled{rest}")).weak());
        });
    }
}
