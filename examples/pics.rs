use gradient_lab::{experiment::*, export::picture::*, figure::*, study::*};
use std::sync::Arc;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    for preset in Preset::ALL {
        if args.len() > 1 && !args[1..].iter().any(|a| a == preset.id) {
            continue;
        }
        let e = preset.experiment();
        let d = DrawStudy::new().run(&e, &Watch::unattended()).unwrap();
        for f in FigureId::ALL {
            for dark in [false, true] {
                let t = std::time::Instant::now();
                let fig = Arc::new(f.build(&d, View::default()));
                let png =
                    encode(&fig, &e, PictureOptions { size: f.default_size(), scale: 1.0, dark })
                        .unwrap();
                let p = format!(
                    "/tmp/pics/{}-{}-{}.png",
                    preset.id,
                    f.id(),
                    if dark { "dark" } else { "light" }
                );
                std::fs::write(&p, png).unwrap();
                println!("{p} {:?}", t.elapsed());
            }
        }
    }
}
