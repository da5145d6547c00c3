using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;

namespace Traceability.Cli.Sheets;

/// <summary>What a column takes.</summary>
internal enum Content
{
    /// <summary>Ids, units and other words of a list: text cells, which may be typed full-width.</summary>
    Code,

    /// <summary>Names and messages: text cells, kept as they are written.</summary>
    Text,

    /// <summary>Numbers, or texts that are decimals.</summary>
    Amount,

    /// <summary>Dates, or texts that are days.</summary>
    Day,
}

/// <summary>A column: its names, the field of the record that it is, and how the field is read and written.</summary>
/// <param name="Id">The name that programs use.</param>
/// <param name="English">The title in English.</param>
/// <param name="Japanese">The title in Japanese.</param>
/// <param name="Field">The field as the node's errors call it.</param>
/// <param name="Help">What to write, in English.</param>
/// <param name="JapaneseHelp">What to write, in Japanese.</param>
/// <param name="Get">Reads the field.</param>
/// <param name="Set">Writes the field; not called for empty cells.</param>
internal sealed record SheetColumn(
    string Id, string English, string Japanese, string Field, string Help, string JapaneseHelp,
    Func<ImportRow, string> Get, Action<ImportRow, string> Set)
{
    public Content Content { get; init; }

    /// <summary>A part of a whole: a percentage says the same.</summary>
    public bool IsShare { get; init; }

    /// <summary>Whether this is its name in any of the languages.</summary>
    public bool IsCalled(string title) =>
        Words.Same(Id, title) || Words.Same(English, title) || Words.Same(Japanese, title);

    public string Title(string language) => language == "ja" ? Japanese : English;
}

/// <summary>A kind of sheet.</summary>
internal sealed record SheetKind(string Id, string Japanese, IReadOnlyList<SheetColumn> Columns)
{
    public string Title(string language) => language == "ja" ? Japanese : Id;
}

/// <summary>The sheets that can be imported. This table makes templates, reads, writes and finds errors.</summary>
internal static class SheetColumns
{
    private static readonly (LifeCycleStage Stage, string Id, string English, string Japanese)[] Stages =
    [
        (LifeCycleStage.RawMaterial, "raw_material", "Raw material", "原材料"),
        (LifeCycleStage.MainProduction, "main_production", "Main production", "製造"),
        (LifeCycleStage.Distribution, "distribution", "Distribution", "流通"),
        (LifeCycleStage.EndOfLife, "end_of_life", "End of life", "廃棄"),
    ];

    private static readonly (string Id, string English, string Japanese)[] Components =
    [
        ("fossil", "Fossil", "化石由来"),
        ("biogenic", "Biogenic", "生物由来"),
        ("land_use", "Land use", "土地利用"),
        ("direct", "Direct", "直接排出"),
        ("indirect", "Indirect", "間接排出"),
        ("reduction", "Reduction", "削減実績"),
        ("credit", "Credit", "クレジット"),
    ];

    public static IReadOnlyList<SheetKind> All { get; } =
    [
        new("parts", "部品", [
            Text("part_number", "Part number", "品番", "Your own number; other sheets name the part by it.",
                "自社の品番。他のシートではこの番号で指定します。", row => row.Part.PartNumber, (row, v) => row.Part.PartNumber = v),
            Column("trace_id", "Trace id", "トレースID", "Optional: a UUID. Made from the part number otherwise.",
                "任意。UUID。空欄の場合は品番から作成されます。", row => row.Part.TraceId, (row, v) => row.Part.TraceId = v),
            Text("name", "Name", "名称", "What you call it; never leaves your node.",
                "名称。社外には送信されません。", row => row.Part.Name, (row, v) => row.Part.Name = v),
            Column("kind", "Made or bought", "製造・購入", "made or bought.",
                "「製造」または「購入」。", row => row.Part.Kind, (row, v) => row.Part.Kind = Words.Kind(v)),
            Column("unit", "Unit", "単位", "What figures are per: piece, kilogram, liter, square meter ...",
                "単位: 個, kg, l, m2, kWh など。", row => row.Part.Unit, (row, v) => row.Part.Unit = Words.Unit(v)),
        ]),
        new("lines", "部品構成", [
            Text("parent", "Parent", "親部品", "Part number of the part you make.",
                "製造する部品の品番。", row => row.Line.Parent, (row, v) => row.Line.Parent = v),
            Text("child", "Child", "子部品", "Part number of what goes in.",
                "投入する部品の品番。", row => row.Line.Child, (row, v) => row.Line.Child = v),
            Amount("amount", "Amount", "数量", "How much goes into one unit of the parent.",
                "親部品1単位あたりの数量。", row => row.Line.Amount, (row, v) => row.Line.Amount = v),
            Column("unit", "Unit", "単位", "The unit of the amount.",
                "数量の単位。", row => row.Line.Unit, (row, v) => row.Line.Unit = Words.Unit(v)),
            Column("trade_id", "Trade id", "取引ID", "Optional: the supplier's trade, if the line is split.",
                "任意。複数の取引先に分かれる場合の取引ID。", row => row.Line.TradeId, (row, v) => row.Line.TradeId = v),
            Amount("share", "Share", "比率", "Optional: the supplier's share, 0 to 1; the shares of a line sum to 1.",
                "任意。取引先の比率 (0から1)。合計は1。", row => row.Line.Share, (row, v) => row.Line.Share = v)
                with { IsShare = true },
        ]),
        new("contributions", "排出量", [
            Text("part", "Part", "部品", "Part number.",
                "品番。", row => row.Contribution.Part, (row, v) => row.Contribution.Part = v),
            .. Stages.Select(stage => Amount(
                stage.Id, $"{stage.English} (kg CO2e)", $"{stage.Japanese} (kg CO2e)",
                "Your own emissions per unit of the part; empty is not zero.",
                "部品1単位あたりの自社排出量。空欄はゼロではありません。",
                row => row.Contribution.Figures?.Stages.FirstOrDefault(one => one.Stage == stage.Stage)?.Amount ?? "",
                (row, v) => Stage(row, stage.Stage).Amount = v) with { Field = $"stage:{stage.Stage}.amount" }),
            .. Stages.SelectMany(stage => Scores(stage.Stage, stage.Id, stage.English, stage.Japanese)),
            Amount("primary_share", "Primary data share", "一次データ比率", "Optional: 0 to 1.",
                "任意。0から1。", row => row.Contribution.Figures?.PrimaryShare ?? "",
                (row, v) => Figures(row).PrimaryShare = v) with { Field = "figures.primary_share", IsShare = true },
            .. Components.Select(one => Amount(
                one.Id, $"{one.English} (kg CO2e)", $"{one.Japanese} (kg CO2e)", "Optional.", "任意。",
                row => row.Contribution.Figures?.Components.FirstOrDefault(c => c.Component == one.Id)?.Amount ?? "",
                (row, v) => Figures(row).Components.Add(new ComponentFigure { Component = one.Id, Amount = v }))
                with { Field = $"component:{one.Id}" }),
            Day("start_date", "Start date", "開始日", "First day of the reference period, such as 2026-01-01.",
                "対象期間の初日 (例 2026-01-01)。", row => row.Contribution.StartDate,
                (row, v) => row.Contribution.StartDate = v),
            Day("end_date", "End date", "終了日", "Last day of the reference period.",
                "対象期間の最終日。", row => row.Contribution.EndDate, (row, v) => row.Contribution.EndDate = v),
            Text("source", "Source", "出典", "Where the figures come from; needed for bought parts.",
                "数値の出典。購入部品では必須。", row => row.Contribution.Source, (row, v) => row.Contribution.Source = v),
            Day("valid_until_date", "Valid until", "有効期限", "Optional: the last day.",
                "任意。最終日。", row => row.Contribution.ValidUntilDate, (row, v) => row.Contribution.ValidUntilDate = v),
        ]),
        new("trades", "依頼", [
            Column("trade_id", "Trade id", "取引ID", "Optional: a UUID. Made from part and supplier otherwise.",
                "任意。UUID。空欄の場合は自動で作成されます。", row => row.Trade.TradeId, (row, v) => row.Trade.TradeId = v),
            Text("part", "Part", "部品", "Part number of the bought part.",
                "購入部品の品番。", row => row.Trade.Part, (row, v) => row.Trade.Part = v),
            Column("supplier_operator_id", "Supplier", "取引先", "Operator id of the supplier.",
                "取引先の事業者ID。", row => row.Trade.SupplierOperatorId, (row, v) => row.Trade.SupplierOperatorId = v),
            Text("message", "Message", "メッセージ", "What the supplier is to know, such as the order's number.",
                "取引先への連絡 (注文番号など)。", row => row.Trade.Message, (row, v) => row.Trade.Message = v),
            Day("due_date", "Due date", "回答期限", "Optional.",
                "任意。", row => row.Trade.DueDate, (row, v) => row.Trade.DueDate = v),
        ]),
        new("answers", "回答", [
            Column("trade_id", "Trade id", "取引ID", "The request that is answered.",
                "回答する依頼の取引ID。", row => row.Answer.TradeId, (row, v) => row.Answer.TradeId = v),
            Text("part", "Part", "部品", "Part number of your own part.",
                "自社部品の品番。", row => row.Answer.Part, (row, v) => row.Answer.Part = v),
            Column("fields", "Shown fields", "開示項目", "total, stages, rating, components, certificate; empty: nothing.",
                "total, stages, rating, components, certificate。空欄: 非開示。", row => row.Answer.Fields,
                (row, v) => row.Answer.Fields = v),
            Column("purpose", "Purpose", "目的", "product_footprint, battery_passport, cbam or audit.",
                "product_footprint, battery_passport, cbam, audit。", row => row.Answer.Purpose,
                (row, v) => row.Answer.Purpose = v),
            Day("valid_until_date", "Shown until", "開示期限", "Optional: the last day.",
                "任意。最終日。", row => row.Answer.ValidUntilDate, (row, v) => row.Answer.ValidUntilDate = v),
            Column("accepted_findings", "Accepted findings", "承認した指摘",
                "Optional: what you accept that can be worked out.", "任意。承認する推測リスクの指摘。",
                row => row.Answer.AcceptedFindings,
                (row, v) => row.Answer.AcceptedFindings = v),
        ]),
    ];

    /// <summary>An empty record of the kind.</summary>
    public static ImportRow NewRow(string kind) => kind switch
    {
        "parts" => new() { Part = new() },
        "lines" => new() { Line = new() },
        "contributions" => new() { Contribution = new() },
        "trades" => new() { Trade = new() },
        _ => new() { Answer = new() },
    };

    /// <summary>The column that a field of a refused record came from.</summary>
    public static SheetColumn? ColumnOf(SheetKind kind, ImportRow row, string field)
    {
        var path = field;
        if (Indexed(field, "figures.stages[") is var (stageIndex, stageRest))
        {
            path = $"stage:{row.Contribution.Figures.Stages[stageIndex].Stage}{stageRest}";
        }
        else if (Indexed(field, "figures.components[") is var (index, _))
        {
            path = $"component:{row.Contribution.Figures.Components[index].Component}";
        }

        return kind.Columns.FirstOrDefault(column => column.Field == path || column.Field == path.Split('[')[0]);
    }

    private static (int Index, string Tail)? Indexed(string field, string prefix)
    {
        var end = field.StartsWith(prefix, StringComparison.Ordinal) ? field.IndexOf(']', prefix.Length) : -1;
        return end < 0 ? null : (int.Parse(field[prefix.Length..end], null), field[(end + 1)..]);
    }

    private static IEnumerable<SheetColumn> Scores(LifeCycleStage stage, string id, string english, string japanese)
    {
        yield return Score("technology", "TeR", rating => rating.Technology, (rating, v) => rating.Technology = v);
        yield return Score("geography", "GeR", rating => rating.Geography, (rating, v) => rating.Geography = v);
        yield return Score("time", "TiR", rating => rating.Time, (rating, v) => rating.Time = v);

        SheetColumn Score(string name, string letters, Func<Rating, string> get, Action<Rating, string> set) => Amount(
            $"{id}_{name}", $"{english} {letters}", $"{japanese} {letters}", "Optional: 1 (best) to 5.", "任意。1から5。",
            row => row.Contribution.Figures?.Stages.FirstOrDefault(one => one.Stage == stage)?.Rating is { } rating
                ? get(rating)
                : "",
            (row, v) => set(Stage(row, stage).Rating ??= new(), v)) with
        { Field = $"stage:{stage}.rating.{name}" };
    }

    private static Figures Figures(ImportRow row) => row.Contribution.Figures ??= new();

    private static StageFigure Stage(ImportRow row, LifeCycleStage stage)
    {
        var stages = Figures(row).Stages;
        var figure = stages.FirstOrDefault(one => one.Stage == stage);
        if (figure is null)
        {
            stages.Add(figure = new() { Stage = stage });
        }

        return figure;
    }

    private static SheetColumn Column(
        string id, string english, string japanese, string help, string japaneseHelp, Func<ImportRow, string> get,
        Action<ImportRow, string> set) => new(id, english, japanese, id, help, japaneseHelp, get, set);

    private static SheetColumn Text(
        string id, string english, string japanese, string help, string japaneseHelp, Func<ImportRow, string> get,
        Action<ImportRow, string> set) =>
        Column(id, english, japanese, help, japaneseHelp, get, set) with { Content = Content.Text };

    private static SheetColumn Day(
        string id, string english, string japanese, string help, string japaneseHelp, Func<ImportRow, string> get,
        Action<ImportRow, string> set) =>
        Column(id, english, japanese, help, japaneseHelp, get, set) with { Content = Content.Day };

    private static SheetColumn Amount(
        string id, string english, string japanese, string help, string japaneseHelp, Func<ImportRow, string> get,
        Action<ImportRow, string> set) =>
        Column(id, english, japanese, help, japaneseHelp, get, set) with { Content = Content.Amount };
}
