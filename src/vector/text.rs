//! Laid-out text as runs of letters in one font each.

use std::collections::BTreeMap;

use eframe::egui::epaint::text::{Glyph, Row};
use eframe::egui::epaint::{TextShape, Vertex};
use eframe::egui::{Color32, Context, FontFamily, FontId, Mesh, Pos2, Rect};

use super::drawing::Mark;
use super::mesh;
use super::run::{Face, Letter, Run};
use crate::raster::offscreen::Scene;

/// The fonts of a context, by family.
pub(super) struct Faces {
    families: BTreeMap<FontFamily, Vec<Face>>,
}

impl Faces {
    pub fn of(context: &Context) -> Self {
        let definitions = context.fonts(|fonts| fonts.definitions().clone());
        let face = |name: &String| {
            let data = definitions.font_data.get(name)?.clone();
            Some(Face { name: name.clone(), data })
        };
        let family = |(family, names): (&FontFamily, &Vec<String>)| {
            (family.clone(), names.iter().filter_map(face).collect())
        };
        Self { families: definitions.families.iter().map(family).collect() }
    }

    /// The first font of a family that has the character, and its glyph.
    fn find(&self, family: &FontFamily, letter: char) -> Option<(&Face, u32)> {
        let faces = self.families.get(family)?.iter();
        faces.filter_map(|face| Some((face, face.glyph(letter)?))).next()
    }
}

/// A text's runs; a character that no font has is shown as the pixels that stand for it.
pub(super) fn runs(text: &TextShape, scene: &Scene, faces: &Faces) -> Vec<Mark> {
    let mut writer = Writer { text, scene, faces, marks: Vec::new(), run: None };
    let mut place = 0;
    for row in &text.galley.rows {
        let origin = text.pos + row.pos.to_vec2();
        writer.grounds(row, origin);
        for glyph in &row.glyphs {
            writer.glyph(row, glyph, origin, place);
            place += 1;
        }
        place += usize::from(row.ends_with_newline);
        writer.end();
    }
    writer.marks
}

struct Writer<'a> {
    text: &'a TextShape,
    scene: &'a Scene,
    faces: &'a Faces,
    marks: Vec<Mark>,
    run: Option<Run>,
}

impl Writer<'_> {
    /// The `place`-th character of the text, in a row that begins at `origin`.
    fn glyph(&mut self, row: &Row, glyph: &Glyph, origin: Pos2, place: usize) {
        let FontId { size, family } = self.font(place);
        let vertices = row.visuals.mesh.vertices.get(glyph.first_vertex as usize..);
        let ink = vertices.and_then(|vertices| vertices.first()).filter(|_| !is_space(glyph.chr));
        let Some((face, id)) = self.faces.find(&family, glyph.chr) else {
            self.end();
            if ink.is_some() {
                self.pixels(row, glyph, origin);
            }
            return;
        };
        let colour = match (ink, &self.run) {
            (Some(vertex), _) => self.colour(vertex),
            (None, Some(run)) => run.colour,
            // Nothing stands before this space.
            (None, None) => return,
        };
        let tweak = &face.data.tweak;
        let size = size * tweak.scale;
        let down = size * tweak.y_offset_factor + tweak.y_offset;
        let at = origin + glyph.pos.to_vec2() + eframe::egui::vec2(0.0, down);
        let letter = Letter { character: glyph.chr, glyph: id, at, advance: glyph.advance_width };
        let goes_on = self.run.as_ref().is_some_and(|run| {
            let same = run.face.name == face.name && run.size == size && run.colour == colour;
            same && run.letters[0].at.y == at.y
        });
        match &mut self.run {
            Some(run) if goes_on => run.letters.push(letter),
            _ => {
                let face = face.clone();
                self.end();
                let (angle, pivot) = (self.text.angle, self.text.pos);
                let letters = vec![letter];
                self.run = Some(Run { face, size, colour, letters, angle, pivot });
            }
        }
    }

    /// Puts the run that is under way, without the spaces at its end.
    fn end(&mut self) {
        if let Some(mut run) = self.run.take() {
            while run.letters.last().is_some_and(|letter| is_space(letter.character)) {
                run.letters.pop();
            }
            if !run.letters.is_empty() && run.colour != Color32::TRANSPARENT {
                self.marks.push(Mark::Text(run));
            }
        }
    }

    /// The font of the `place`-th character; three dots that stand for the rest have its font.
    fn font(&self, place: usize) -> FontId {
        let job = &self.text.galley.job;
        let byte = job.text.char_indices().nth(place).map_or(job.text.len(), |(byte, _)| byte);
        let contains = |section: &&eframe::egui::text::LayoutSection| {
            (section.byte_range.start.0..section.byte_range.end.0).contains(&byte)
        };
        let section = job.sections.iter().find(contains).or(job.sections.last());
        section.map(|section| section.format.font_id.clone()).unwrap_or_default()
    }

    fn colour(&self, vertex: &Vertex) -> Color32 {
        let own = match vertex.color {
            Color32::PLACEHOLDER => self.text.fallback_color,
            colour => colour,
        };
        let colour = self.text.override_text_color.unwrap_or(own);
        colour.gamma_multiply(self.text.opacity_factor)
    }

    /// Four corners of the atlas of glyphs.
    fn pixels(&mut self, row: &Row, glyph: &Glyph, origin: Pos2) {
        let first = glyph.first_vertex as usize;
        let size = self.scene.textures.get(Default::default()).map(|of| of.size());
        let (Some(corners), Some([width, height])) =
            (row.visuals.mesh.vertices.get(first..first + 4), size)
        else {
            return;
        };
        let mut mesh = Mesh::default();
        mesh.vertices.extend(corners.iter().map(|vertex| Vertex {
            pos: origin + vertex.pos.to_vec2(),
            uv: eframe::egui::pos2(vertex.uv.x / width as f32, vertex.uv.y / height as f32),
            color: self.colour(vertex),
        }));
        mesh.indices = vec![0, 1, 2, 2, 1, 3];
        self.marks.extend(mesh::pixels(mesh, Rect::EVERYTHING, self.scene));
    }

    /// What lies behind the letters of a row, and lines below and through them.
    fn grounds(&mut self, row: &Row, origin: Pos2) {
        let (all, letters) = (&row.visuals.mesh, &row.visuals.glyph_vertex_range);
        let mut mesh = Mesh { vertices: all.vertices.clone(), ..Mesh::default() };
        let is_ground = |corners: &&[u32]| !letters.contains(&(corners[0] as usize));
        let triangles = all.indices.chunks_exact(3).filter(is_ground);
        mesh.indices = triangles.flatten().copied().collect();
        if !mesh.indices.is_empty() {
            mesh.translate(origin.to_vec2());
            self.marks.extend(mesh::pixels(mesh, Rect::EVERYTHING, self.scene));
        }
    }
}

fn is_space(letter: char) -> bool {
    letter.is_whitespace()
}
