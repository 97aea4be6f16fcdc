//! Every formula of the lab is laid out, and what is not a formula is shown as it stands.

use eframe::egui::{CentralPanel, Context, FontDefinitions, FontId, RawInput, Rect};

use super::formula::Item;
use super::*;

/// What the lab and its chapter write, and the constructions they may come to need.
const FORMULAS: &[&str] = &[
    r"\delta^{(L)} = \nabla_a L \odot \sigma'(z^{(L)})",
    r"\delta^{(l)} = \left((W^{(l+1)})^{\top}\delta^{(l+1)}\right)\odot\sigma'(z^{(l)})",
    r"\frac{\partial L}{\partial W^{(l)}} = \delta^{(l)} (a^{(l-1)})^{\top}",
    r"\frac{\partial L}{\partial b^{(l)}}=\delta^{(l)}",
    r"L=\tfrac12\|a-y\|^2",
    r"\begin{pmatrix}.15&.20\\.25&.30\\.35&.40\end{pmatrix}\begin{pmatrix}.05\\.10\end{pmatrix}",
    r"\begin{bmatrix}1\\2\\3\\4\\5\\6\end{bmatrix}",
    r"\sqrt{\frac{2}{n_{\text{in}}+n_{\text{out}}}}",
    r"\sum_{l=1}^{L} n_l n_{l-1}",
    r"\operatorname{diag}(p)-p\,p^{\top}",
    r"\left\|\frac{\frac{a}{b}}{\frac{c}{d}}\right\|_F",
    r"\sigma(z)=\frac{1}{1+e^{-z}}",
    r"\operatorname{ReLU}'(z)=\begin{cases}1&z>0\\0&z\le0\end{cases}",
    r"\begin{aligned}z^{(l)}&=W^{(l)}a^{(l-1)}+b^{(l)}\\a^{(l)}&=\sigma(z^{(l)})\end{aligned}",
    r"\hat y,\ \widehat{xyz},\ \bar x,\ \tilde x,\ \vec a,\ \overrightarrow{AB},\ \overline{ab}",
    r"\mathbb{E}\left[\varphi'(\sqrt{q}\,z)^2\right],\quad z\sim\mathcal{N}(0,1)",
    r"\mathbf{W}\boldsymbol{\delta}\,\mathscr{L}\,\mathsf{A}\,\mathtt{x}\,\textit{it}\,\textbf{bf}",
    r"\chi=\sigma_w^2\int \varphi'(\sqrt{q^*}z)^2\,\mathrm{d}z=1",
    r"\underbrace{a+b}_{n}\xrightarrow{\text{step}}\boxed{x}\,\cancel{y}",
    r"10^{-308}\approx 0,\ \infty\ne\pm\varepsilon,\ x\in\mathbb{R}^n,\ \forall l\ge 1\ldots",
    r"\textcolor{#ff8000}{\delta}+{\color{red}x}",
];

const STYLES: [MathStyle; 2] = [MathStyle::Display, MathStyle::Inline];

fn context_with_fonts() -> Context {
    let ctx = Context::default();
    let mut fonts = FontDefinitions::default();
    install_fonts(&mut fonts);
    ctx.set_fonts(fonts);
    ctx
}

/// Runs one frame of `ctx` whose central panel holds what `add` adds.
fn run<R>(ctx: &Context, mut add: impl FnMut(&mut Ui) -> R) -> R {
    let mut result = None;
    let input = RawInput {
        screen_rect: Some(Rect::from_min_size(Default::default(), vec2(800.0, 600.0))),
        ..RawInput::default()
    };
    let mut output = ctx.run_ui(input, |ui| {
        CentralPanel::default().show(ui, |ui| result = Some(add(ui)));
    });
    output.textures_delta.clear();
    result.expect("the frame was run")
}

#[test]
fn every_formula_parses_and_every_sign_of_it_is_in_the_fonts() {
    let ctx = context_with_fonts();
    run(&ctx, |ui| {
        for latex in FORMULAS {
            for style in STYLES {
                let formula = MathCache::formula(ui.ctx(), latex, style);
                assert!(formula.is_ok(), "{latex}: {formula:?}");
            }
        }
    });
}

#[test]
fn glyphs_are_as_wide_as_the_layout_believes() {
    let formula = Formula::parse("+", MathStyle::Inline).expect("a plain sign");
    let ctx = context_with_fonts();
    let width = run(&ctx, |ui| {
        let [Item::Glyph { family, sign, .. }] = formula.items.as_slice() else {
            panic!("one glyph expected");
        };
        let font = FontId::new(100.0, family.clone());
        ui.fonts_mut(|fonts| fonts.glyph_width(&font, *sign))
    });
    assert!((width - formula.size(100.0).x).abs() < 1.0, "{width}");
}

#[test]
fn a_larger_em_gives_a_larger_formula_in_proportion() {
    for latex in FORMULAS {
        let formula = Formula::parse(latex, MathStyle::Display).expect("tested above");
        let (small, large) = (formula.size(12.0), formula.size(36.0));
        assert!(small.min_elem() > 0.0 && (large - 3.0 * small).length() < 1e-2, "{latex}");
        assert!(formula.ascent(12.0) <= small.y);
    }
}

#[test]
fn inline_style_is_more_compact() {
    let sum = r"\sum_{l=1}^{L}\frac{1}{n_l}";
    let [display, inline] = STYLES.map(|s| Formula::parse(sum, s).expect("correct").size(20.0).y);
    assert!(inline < 0.7 * display);
}

#[test]
fn what_does_not_parse_is_an_error_and_never_a_panic() {
    let too_long = "x".repeat(5000);
    let nested = "{".repeat(2000);
    for latex in [r"\frac{1", r"\nonsense", "}", r"\left(", "a^b^c", "漢", &nested, &too_long] {
        assert!(Formula::parse(latex, MathStyle::Display).is_err(), "{latex}");
    }
}

#[test]
fn a_bad_formula_is_shown_as_its_source_in_the_error_colour() {
    let ctx = context_with_fonts();
    let response = run(&ctx, |ui| formula(ui, r"\frac{1", 20.0));
    assert!(response.rect.width() > 20.0);
}

#[test]
fn without_the_fonts_the_source_is_shown() {
    let ctx = Context::default();
    let rect = run(&ctx, |ui| formula(ui, "x^2", 20.0).rect);
    assert!(rect.width() > 0.0);
    let error = run(&ctx, |ui| MathCache::formula(ui.ctx(), "x^2", MathStyle::Inline).err());
    assert_eq!(error, Some(MathError::NoFonts));
}

#[test]
fn the_room_grows_with_the_size_and_shrinks_to_the_width() {
    let ctx = context_with_fonts();
    run(&ctx, |ui| {
        let sizes = [8.0, 12.0, 20.0, 40.0].map(|size| formula(ui, "x^2", size).rect.size());
        assert!(sizes.windows(2).all(|pair| pair[0].x < pair[1].x && pair[0].y < pair[1].y));
        let wide = "x+".repeat(60) + "x";
        let rect = ui.add(Math::new(&wide).size(30.0).shrink_to(4.0)).rect;
        assert!(rect.width() <= ui.available_width() + 0.5);
    });
}

#[test]
fn a_formula_in_a_sentence_stands_on_the_same_baseline() {
    let ctx = context_with_fonts();
    run(&ctx, |ui| {
        ui.horizontal(|ui| {
            let label = ui.label("x").rect;
            let parsed = MathCache::formula(ui.ctx(), r"\frac12", MathStyle::Inline);
            let (room, ascent) = inline_room(ui, &parsed.expect("correct"), 16.0);
            let math = ui.add(Math::new(r"\frac12").size(16.0).inline()).rect;
            let text_baseline = label.center().y + body_baseline_below_middle(ui);
            assert!((math.size() - room).length() < 0.1, "{math} {room}");
            assert!((math.top() + ascent - text_baseline).abs() < 0.51);
        });
    });
}

#[test]
fn a_screen_reader_is_told_the_alternative_text_or_the_source() {
    use egui_kittest::kittest::Queryable as _;

    let builder = egui_kittest::Harness::builder().with_context_setup(crate::paint::fonts::install);
    let mut harness = builder.build_ui(|ui| {
        ui.add(Math::new(r"\delta^{(l)}").alt("delta of layer l"));
        formula(ui, "x^2", 20.0);
        formula(ui, r"\frac{1", 20.0);
    });
    harness.run_steps(3);
    for label in ["delta of layer l", "x^2", r"\frac{1"] {
        assert!(harness.query_by_label(label).is_some(), "{label}");
    }
}
