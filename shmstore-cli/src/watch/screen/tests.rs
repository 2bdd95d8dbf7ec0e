use super::*;
use crate::watch::fields::Fields;
use crate::watch::model::Sample;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use shmstore::inspect::Value;
use std::time::{Instant, SystemTime};

fn model(count: u32) -> Model {
    let (mut model, start) = (Model::new(4.0), Instant::now());
    for step in 0..20 {
        let mut fields = Fields::default();
        for index in 0..count {
            let value = Box::new(Value::Unsigned(step * u64::from(index)));
            let value = Value::Versioned { version: step, locked: false, value };
            fields.add(vec![index], &format!("field{index}"), value, None);
        }
        fields.add(vec![count], "宽宽宽宽宽宽宽宽宽宽宽宽宽宽宽宽宽", Value::Text("宽".repeat(300)), None);
        let position = (1, 2);
        let object =
            Some(Head { state: "ready".into(), type_name: "T".into(), path: "/p".into(), position, ..Head::default() });
        let at = start + Duration::from_millis(step * 250);
        model.take(Sample { at, wall: SystemTime::now(), object, note: None, fields });
    }
    model
}

fn draw(model: &Model, width: u16, height: u16, colors: bool) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let look = Look { colors, age: Duration::ZERO };
    terminal.draw(|frame| _ = draw_model(frame, model, &look)).unwrap();
    terminal.backend().buffer().clone()
}

fn lines(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width).max(1);
    buffer.content().chunks(width).map(|line| line.iter().map(|cell| cell.symbol()).collect()).collect()
}

#[test]
fn an_object_is_drawn_on_a_screen_of_any_size() {
    let mut model = model(30);
    for help in [false, true] {
        model.list.help = help;
        for (typing, selected) in [(None, 0), (Some(String::new()), 30), (None, 1000)] {
            (model.list.typing, model.list.selected) = (typing, selected);
            for width in (0..90).chain([200, 1000]) {
                for height in (0..8).chain([24, 50]) {
                    draw(&model, width, height, true);
                }
            }
        }
    }
}

#[test]
fn all_objects_are_drawn_on_a_screen_of_any_size() {
    let board = Board::new(None, 4.0);
    for width in 0..90 {
        for height in 0..8 {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| _ = draw_board(frame, &board, &Look::new(Duration::ZERO))).unwrap();
        }
    }
}

#[test]
fn a_width_of_80_shows_all_columns_and_the_page_holds_the_selection() {
    let mut model = model(100);
    model.list.selected = 50;
    let lines = lines(&draw(&model, 80, 24, true));
    for title in ["FIELD", "VALUE", "VERSION", "RATE/s", "HISTORY"] {
        assert!(lines[2].contains(title), "{lines:#?}");
    }
    let selected = lines.iter().find(|line| line.contains("field50 ")).expect("the page of the selection");
    assert!(selected.contains("950") && selected.contains("200") && selected.contains('█'), "{selected}");
    assert!(lines[0].contains("[1 of 2: Tab]") && lines[23].contains("101 fields, 4 Hz"), "{lines:#?}");
}

#[test]
fn changes_are_visible_without_colors() {
    let (model, none) = (model(3), ratatui::style::Color::Reset);
    let plain = draw(&model, 80, 24, false);
    assert!(plain.content().iter().all(|cell| cell.fg == none && cell.bg == none));
    assert!(plain.content().iter().any(|cell| cell.symbol() == "•" && cell.modifier.contains(Modifier::BOLD)));
    assert!(draw(&model, 80, 24, true).content().iter().any(|cell| cell.fg != none));
}

#[test]
fn numbers_are_short() {
    for (number, text) in
        [(0.0, "0"), (-2.5, "-2.5"), (999.4, "999"), (12_345.0, "12.3k"), (2.5e6, "2.50M"), (1e300, "1.0e300")]
    {
        assert_eq!(short(number), text);
    }
}

#[test]
fn a_small_negative_rate_has_no_sign() {
    assert_eq!([-0.0, -0.04, 0.04, -0.06].map(short), ["0", "0.0", "0.0", "-0.1"]);
}
