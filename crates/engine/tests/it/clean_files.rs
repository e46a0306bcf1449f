//! Clean files are read as they were written: made-up tables in many dialects, from fixed seeds.

use csvp_engine::detect::{DialectHints, detect};

/// Files that are made.
const FILES: u64 = 1_000;
/// How many of 1,000 must be read as they were written.
const RIGHT_PER_THOUSAND: usize = 995;

#[test]
fn clean_files_are_detected() {
    let wrong: Vec<String> = (0..FILES).filter_map(fault).collect();
    let right = FILES as usize - wrong.len();
    let shown = wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(
        right * 1_000 >= FILES as usize * RIGHT_PER_THOUSAND,
        "{right} of {FILES} files are detected; of the others:\n{shown}"
    );
}

/// What is detected wrongly in the file of a seed, if anything is.
fn fault(seed: u64) -> Option<String> {
    let file = File::make(seed);
    let found = detect(file.text.as_bytes(), true, &DialectHints::default()).dialect;
    let mut faults = Vec::new();
    if found.delimiter != file.delimiter.as_bytes() {
        faults.push(format!("delimiter `{}`", String::from_utf8_lossy(&found.delimiter)));
    }
    if file.has_quotes && found.quote != Some(file.quote) {
        faults.push(format!("quote {:?}", found.quote.map(char::from)));
    }
    if found.header_rows != u32::from(file.has_header) || found.preamble_lines != 0 {
        faults.push(format!("{} lines before a header of {} rows", found.preamble_lines, found.header_rows));
    }
    if found.comment.is_some() || found.escape.is_some() {
        faults.push("comments or escapes".to_owned());
    }
    let first = file.text.chars().take(160).collect::<String>();
    (!faults.is_empty()).then(|| format!("seed {seed}: {} in {first:?}", faults.join(", ")))
}

/// A made-up file and how it was written.
struct File {
    text: String,
    delimiter: &'static str,
    quote: u8,
    has_quotes: bool,
    has_header: bool,
}

/// SplitMix64: the same numbers for a seed on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

/// What the cells of a column are.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Whole,
    Decimal,
    Date,
    LocalDate,
    Timestamp,
    Time,
    Flag,
    Uuid,
    Code,
    Person,
    Town,
    Sentence,
    Mail,
}

const TYPED: [Kind; 9] = [
    Kind::Number,
    Kind::Whole,
    Kind::Decimal,
    Kind::Date,
    Kind::LocalDate,
    Kind::Timestamp,
    Kind::Time,
    Kind::Flag,
    Kind::Uuid,
];
const TEXTS: [Kind; 5] = [Kind::Code, Kind::Person, Kind::Town, Kind::Sentence, Kind::Mail];

/// Words of one language: names of columns, given names, family names, towns, parts of sentences.
struct Language {
    columns: [&'static str; 10],
    given: [&'static str; 6],
    family: [&'static str; 6],
    towns: [&'static str; 6],
    phrases: [&'static str; 6],
}

#[rustfmt::skip]
const LANGUAGES: [Language; 6] = [
    Language {
        columns: ["id", "name", "city", "amount", "created_at", "status", "remark", "unit price", "Quantity", "Country"],
        given: ["Anna", "John", "Mary Ann", "Peter", "Zoe", "William"],
        family: ["Smith", "O'Neill", "Jones", "Baker", "van Dyke", "Clark"],
        towns: ["London", "New York", "Leeds", "Stoke-on-Trent", "Bath", "Saint Paul"],
        phrases: ["delivered on time", "see the note below", "paid", "no answer so far", "second try", "left with a neighbour"],
    },
    Language {
        columns: ["Nummer", "Name", "Ort", "Betrag", "Datum", "Straße", "Bemerkung", "Menge", "Größe", "Kunde"],
        given: ["Jürgen", "Anke", "Hans", "Käthe", "Uwe", "Sabine"],
        family: ["Müller", "Schmidt", "Groß", "von Berg", "Weiß", "Köhler"],
        towns: ["Köln", "München", "Bad Tölz", "Berlin", "Görlitz", "Ulm"],
        phrases: ["rechtzeitig geliefert", "siehe unten", "bezahlt", "keine Antwort", "zweiter Versuch", "beim Nachbarn"],
    },
    Language {
        columns: ["numéro", "nom", "ville", "montant", "date", "adresse", "remarque", "quantité", "prix", "client"],
        given: ["Élise", "Jean", "Hélène", "Luc", "Zoé", "Marc"],
        family: ["Dupont", "Lefèvre", "d'Arc", "Moreau", "Petit", "Roux"],
        towns: ["Paris", "Nîmes", "Saint-Étienne", "Le Mans", "Brest", "Lyon"],
        phrases: ["livré à temps", "voir la note", "payé", "sans réponse", "deuxième essai", "chez le voisin"],
    },
    Language {
        columns: ["número", "nombre", "ciudad", "importe", "fecha", "dirección", "nota", "cantidad", "precio", "cliente"],
        given: ["José", "María", "Ana", "Íñigo", "Luis", "Pilar"],
        family: ["García", "Muñoz", "Pérez", "de la Cruz", "Núñez", "Soto"],
        towns: ["Madrid", "Cádiz", "A Coruña", "León", "San Sebastián", "Jaén"],
        phrases: ["entregado a tiempo", "ver la nota", "pagado", "sin respuesta", "segundo intento", "con el vecino"],
    },
    Language {
        columns: ["номер", "имя", "город", "сумма", "дата", "адрес", "заметка", "количество", "цена", "клиент"],
        given: ["Анна", "Иван", "Мария", "Пётр", "Зоя", "Олег"],
        family: ["Иванов", "Смирнова", "Кузнецов", "Попова", "Соколов", "Орлова"],
        towns: ["Москва", "Тверь", "Нижний Новгород", "Омск", "Псков", "Сочи"],
        phrases: ["доставлено вовремя", "см. ниже", "оплачено", "нет ответа", "вторая попытка", "у соседа"],
    },
    Language {
        columns: ["番号", "名前", "都市", "金額", "日付", "住所", "備考", "数量", "価格", "顧客"],
        given: ["花子", "太郎", "美咲", "健", "葵", "翔"],
        family: ["佐藤", "鈴木", "高橋", "田中", "渡辺", "伊藤"],
        towns: ["東京", "大阪", "札幌", "名古屋", "福岡", "京都"],
        phrases: ["時間通りに配達", "下記参照", "支払い済み", "返事なし", "二回目", "隣人に預けた"],
    },
];

impl File {
    fn make(seed: u64) -> Self {
        let random = &mut Random(seed);
        let delimiter = random.pick(&[",", ",", ",", ";", ";", "\t", "\t", "|", ":"]);
        let quote = if random.chance(80) { b'"' } else { b'\'' };
        let always_quoted = random.chance(15);
        let language = &LANGUAGES[random.below(LANGUAGES.len() as u64) as usize];
        let n_columns = random.between(2, 12) + if random.chance(15) { random.below(19) } else { 0 };
        let n_records = if random.chance(30) {
            random.between(3, 12)
        } else {
            random.between(13, 2_000).min(random.between(13, 2_000))
        };
        let mut kinds: Vec<Kind> = (0..n_columns)
            .map(|_| {
                if random.chance(55) {
                    TYPED[random.below(9) as usize]
                } else {
                    TEXTS[random.below(5) as usize]
                }
            })
            .collect();
        // Without a single value nobody could tell names from texts.
        if !kinds.iter().any(|kind| TYPED.contains(kind)) {
            kinds[0] = Kind::Number;
        }
        let (has_header, line_end) = (random.chance(80), random.pick(&["\n", "\r\n"]));
        let blanks = if random.chance(30) { 15 } else { 0 };
        let mut file = Self { text: String::new(), delimiter, quote, has_quotes: false, has_header };
        if has_header {
            let names: Vec<String> = (0..kinds.len())
                .map(|at| {
                    let name = language.columns[at % 10];
                    if at < 10 { name.to_owned() } else { format!("{name}_{}", at / 10 + 1) }
                })
                .collect();
            file.record(&names, always_quoted, line_end);
        }
        for number in 0..n_records {
            let cells: Vec<String> = kinds
                .iter()
                .map(|&kind| {
                    let may_be_empty = kind != Kind::Number && kinds.len() > 2;
                    if may_be_empty && random.chance(blanks) {
                        String::new()
                    } else {
                        cell(kind, number, language, random)
                    }
                })
                .collect();
            file.record(&cells, always_quoted, line_end);
        }
        file
    }

    fn record(&mut self, cells: &[String], always_quoted: bool, line_end: &str) {
        let quote = char::from(self.quote);
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                self.text.push_str(self.delimiter);
            }
            // A blank delimiter leaves no other way to write an empty cell.
            let must = cell.contains(self.delimiter)
                || cell.contains(['\n', '\r', quote])
                || cell.is_empty() && self.delimiter == " ";
            if must || always_quoted {
                self.has_quotes = true;
                let doubled = format!("{quote}{quote}");
                self.text.extend([&*quote.to_string(), &cell.replace(quote, &doubled), &quote.to_string()]);
            } else {
                self.text.push_str(cell);
            }
        }
        self.text.push_str(line_end);
    }
}

fn cell(kind: Kind, number: u64, language: &Language, random: &mut Random) -> String {
    let (year, month, day) = (random.between(1995, 2026), random.between(1, 12), random.between(1, 28));
    let (hour, minute, second) = (random.below(24), random.below(60), random.below(60));
    match kind {
        Kind::Number => (number + 1).to_string(),
        Kind::Whole => random.below(100_000).to_string(),
        Kind::Decimal => format!("{}.{:02}", random.below(2_000), random.below(100)),
        Kind::Date => format!("{year}-{month:02}-{day:02}"),
        Kind::LocalDate => format!("{day:02}.{month:02}.{year}"),
        Kind::Timestamp => format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
        Kind::Time => format!("{hour:02}:{minute:02}"),
        Kind::Flag => random.pick(&["true", "false"]).to_owned(),
        Kind::Uuid => {
            let (high, low) = (random.next(), random.next());
            format!(
                "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
                high >> 32,
                high >> 16 & 0xffff,
                high & 0xfff,
                low >> 52,
                low & 0xffff_ffff_ffff
            )
        }
        Kind::Code => format!("{}-{:04}", random.pick(&["AB", "CX", "QR", "ZT"]), random.below(10_000)),
        Kind::Person => format!("{} {}", random.pick(&language.given), random.pick(&language.family)),
        Kind::Town => random.pick(&language.towns).to_owned(),
        Kind::Sentence => sentence(language, random),
        Kind::Mail => format!("user{}@example.{}", random.below(900), random.pick(&["com", "org", "net"])),
    }
}

/// Some words, at times with what makes reading hard: commas, quotes, line ends.
fn sentence(language: &Language, random: &mut Random) -> String {
    let (one, two) = (random.pick(&language.phrases), random.pick(&language.phrases));
    match random.below(12) {
        0 | 1 => format!("{one}, {two}"),
        2 => format!("{one}; {two}"),
        3 => format!("\"{one}\" {two}"),
        4 => format!("{one}\n{two}"),
        5 => format!("{one}: {two}"),
        _ => one.to_owned(),
    }
}
