//! The smallest workbooks and archives, written by hand, so that every byte of a test's file is the test's own.

use std::fmt::Write as _;
use std::io::Write as _;

/// A member of an archive.
pub(crate) struct Member<'a> {
    pub(crate) name: &'a str,
    pub(crate) content: &'a [u8],
    pub(crate) is_deflated: bool,
    pub(crate) is_encrypted: bool,
    /// What the archive says of its size.
    pub(crate) bytes: Option<u32>,
}

impl<'a> Member<'a> {
    pub(crate) fn new(name: &'a str, content: &'a [u8]) -> Self {
        Self { name, content, is_deflated: true, is_encrypted: false, bytes: None }
    }
}

/// A zip archive.
pub(crate) fn zip(members: &[Member<'_>]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        let mut crc = flate2::Crc::new();
        crc.update(member.content);
        let packed = if member.is_deflated {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(member.content).unwrap();
            encoder.finish().unwrap()
        } else {
            member.content.to_vec()
        };
        let at = u32::try_from(archive.len()).unwrap();
        let mut about = Vec::new();
        about.extend(20_u16.to_le_bytes());
        about.extend((u16::from(member.is_encrypted) | 1 << 11).to_le_bytes());
        about.extend((if member.is_deflated { 8_u16 } else { 0 }).to_le_bytes());
        about.extend([0; 2]);
        about.extend([0x21, 0x5a]);
        about.extend(crc.sum().to_le_bytes());
        about.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        about.extend(member.bytes.unwrap_or(u32::try_from(member.content.len()).unwrap()).to_le_bytes());
        about.extend(u16::try_from(member.name.len()).unwrap().to_le_bytes());
        about.extend([0; 2]);
        archive.extend(b"PK\x03\x04");
        archive.extend(&about);
        archive.extend(member.name.as_bytes());
        archive.extend(packed);
        directory.extend(b"PK\x01\x02");
        directory.extend(20_u16.to_le_bytes());
        directory.extend(about);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(member.name.as_bytes());
    }
    let (at, length) = (u32::try_from(archive.len()).unwrap(), u32::try_from(directory.len()).unwrap());
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    archive.extend(directory);
    archive.extend(b"PK\x05\x06");
    archive.extend([0; 4]);
    archive.extend(count);
    archive.extend(count);
    archive.extend(length.to_le_bytes());
    archive.extend(at.to_le_bytes());
    archive.extend([0; 2]);
    archive
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Nothing,
    Text(String),
    Number(f64),
    Flag(bool),
    /// A serial number of days that is formatted as a date and time.
    Time(f64),
    /// One that is formatted as hours that go beyond a day.
    Duration(f64),
    Error(&'static str),
    /// A formula, with the element of its value.
    Formula(&'static str),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

/// A sheet of a workbook.
#[derive(Default)]
pub(crate) struct Sheet {
    pub(crate) name: &'static str,
    pub(crate) is_hidden: bool,
    /// The first cell is in this column, and in this row, from 0.
    pub(crate) at: (usize, usize),
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A workbook in the format of Excel since 2007. `properties` are those of its element `workbook`, such as `<workbookPr date1904="1"/>`.
pub(crate) fn xlsx(properties: &str, sheets: &[Sheet]) -> Vec<u8> {
    let parts = xlsx_parts(properties, sheets);
    zip(&parts.iter().map(|(name, content)| Member::new(name, content.as_bytes())).collect::<Vec<_>>())
}

/// Its parts, by their names.
pub(crate) fn xlsx_parts(properties: &str, sheets: &[Sheet]) -> Vec<(String, String)> {
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let (mut names, mut relations, mut parts) = (String::new(), String::new(), Vec::new());
    for (position, sheet) in sheets.iter().enumerate() {
        let number = position + 1;
        let state = if sheet.is_hidden { " state=\"hidden\"" } else { "" };
        write!(names, "<sheet name=\"{}\" sheetId=\"{number}\"{state} r:id=\"rId{number}\"/>", escaped(sheet.name)).unwrap();
        write!(relations, "<Relationship Id=\"rId{number}\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet{number}.xml\"/>")
            .unwrap();
        let rows: String = sheet.rows.iter().enumerate().map(|(row, cells)| self::row(sheet, row, cells)).collect();
        parts.push((
            format!("xl/worksheets/sheet{number}.xml"),
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>"),
        ));
    }
    write!(relations, "<Relationship Id=\"rId0\" Type=\"{OFFICE}/styles\" Target=\"styles.xml\"/>").unwrap();
    let styles = "<numFmts count=\"2\"><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\\ hh:mm\"/><numFmt numFmtId=\"165\" formatCode=\"[h]:mm:ss\"/></numFmts>\
        <cellXfs count=\"3\"><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/><xf numFmtId=\"165\"/></cellXfs>";
    parts.push(("xl/styles.xml".to_owned(), format!("<styleSheet xmlns=\"{MAIN}\">{styles}</styleSheet>")));
    parts.push((
        "xl/workbook.xml".to_owned(),
        format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\">{properties}<sheets>{names}</sheets></workbook>"),
    ));
    parts.push(("xl/_rels/workbook.xml.rels".to_owned(), format!("<Relationships xmlns=\"{PACKAGE}\">{relations}</Relationships>")));
    parts.push((
        "_rels/.rels".to_owned(),
        format!(
            "<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"r\" Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
        ),
    ));
    parts.push((
        "[Content_Types].xml".to_owned(),
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned(),
    ));
    parts
}

fn row(sheet: &Sheet, row: usize, cells: &[Cell]) -> String {
    let number = sheet.at.1 + row + 1;
    let cell = |(column, cell): (usize, &Cell)| {
        let at = format!("r=\"{}{number}\"", char::from(b'A' + u8::try_from(sheet.at.0 + column).unwrap()));
        match cell {
            Cell::Nothing => String::new(),
            Cell::Text(text) => format!("<c {at} t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>", escaped(text)),
            Cell::Number(number) => format!("<c {at}><v>{number:?}</v></c>"),
            Cell::Flag(flag) => format!("<c {at} t=\"b\"><v>{}</v></c>", u8::from(*flag)),
            Cell::Time(days) => format!("<c {at} s=\"1\"><v>{days:?}</v></c>"),
            Cell::Duration(days) => format!("<c {at} s=\"2\"><v>{days:?}</v></c>"),
            Cell::Error(error) => format!("<c {at} t=\"e\"><v>{error}</v></c>"),
            Cell::Formula(value) => format!("<c {at}><f>SUM(1,2)</f>{value}</c>"),
        }
    };
    format!("<row r=\"{number}\">{}</row>", cells.iter().enumerate().map(cell).collect::<String>())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// A workbook in the open format (ODS), of the rows of one sheet, each cell an element.
pub(crate) fn ods(rows: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" \
         xmlns:calcext=\"urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0\"><office:body><office:spreadsheet>\
         <table:table table:name=\"Answers\">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    );
    let mimetype = Member { is_deflated: false, ..Member::new("mimetype", b"application/vnd.oasis.opendocument.spreadsheet") };
    zip(&[mimetype, Member::new("META-INF/manifest.xml", b"<manifest:manifest/>"), Member::new("content.xml", content.as_bytes())])
}

/// A workbook in Excel's binary format, of one sheet. A number in error is one of the codes that Excel has for errors; a formula is one in error.
pub(crate) fn xlsb(rows: &[Vec<Cell>]) -> Vec<u8> {
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    // In bytes of seven bits, each but the last with a mark.
    let short = |mut number: usize| {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        bytes.push(u8::try_from(number).unwrap());
        bytes
    };
    let record = |kind: usize, content: &[u8]| [short(kind).as_slice(), &short(content.len()), content].concat();
    let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let wide = |text: &str| {
        let units: Vec<u16> = text.encode_utf16().collect();
        [number(units.len()).to_vec(), units.iter().flat_map(|unit| unit.to_le_bytes()).collect()].concat()
    };
    let sheet = [&[0; 8], wide("rId1").as_slice(), &wide("Answers")].concat();
    let workbook = [record(0x83, &[]), record(0x9c, &sheet), record(0x90, &[]), record(0x9d, &[0; 26]), record(0x84, &[])].concat();
    // The formats: none, and Excel's own of dates.
    let format = |code: u8| record(0x2f, &[&[0, 0, code, 0], [0; 12].as_slice()].concat());
    let styles = [record(0x269, &number(2)), format(0), format(14)].concat();
    let cell = |(column, cell): (usize, &Cell)| {
        let of = |style: u8| [number(column).as_slice(), &[style, 0, 0, 0]].concat();
        // Of a formula, how it is calculated, its length, and that it is the number 1.
        let formula = [&[0, 0], number(3).as_slice(), &[0x1e, 1, 0], &number(0)].concat();
        match cell {
            Cell::Nothing | Cell::Duration(_) => Vec::new(),
            Cell::Text(text) => record(0x06, &[of(0), wide(text)].concat()),
            Cell::Number(number) => record(0x05, &[of(0).as_slice(), &number.to_le_bytes()].concat()),
            Cell::Flag(flag) => record(0x04, &[of(0), vec![u8::from(*flag)]].concat()),
            Cell::Time(days) => record(0x05, &[of(1).as_slice(), &days.to_le_bytes()].concat()),
            Cell::Error(_) => record(0x03, &[of(0), vec![0x2a]].concat()),
            Cell::Formula(_) => record(0x0b, &[of(0), vec![0x2a], formula].concat()),
        }
    };
    let row = |(row, cells): (usize, &Vec<Cell>)| {
        [record(0, &[number(row).as_slice(), &[0; 13]].concat()), cells.iter().enumerate().flat_map(cell).collect()].concat()
    };
    let rows: Vec<u8> = rows.iter().enumerate().flat_map(row).collect();
    let worksheet = [record(0x81, &[]), record(0x94, &[0; 16]), record(0x91, &[]), rows, record(0x92, &[]), record(0x82, &[])].concat();
    let relations = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"rId1\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet1.bin\"/></Relationships>"
    );
    zip(&[
        Member::new("[Content_Types].xml", b"<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"),
        Member::new("xl/workbook.bin", &workbook),
        Member::new("xl/_rels/workbook.bin.rels", relations.as_bytes()),
        Member::new("xl/styles.bin", &styles),
        Member::new("xl/worksheets/sheet1.bin", &worksheet),
    ])
}
