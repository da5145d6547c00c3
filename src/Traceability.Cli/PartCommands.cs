using System.CommandLine;
using Google.Protobuf.Collections;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;

namespace Traceability.Cli;

/// <summary>`trace part ...` and `trace bill ...`.</summary>
internal static class PartCommands
{
    public static Command Part => new("part", "What the company makes and buys.")
    {
        Register(),
        List(),
        Show(),
        Retire(),
        ExportCommands.Facts(),
    };

    public static Command Bill => new("bill", "Bills of materials: which parts go into a part.")
    {
        DeclareBill(),
        ShowBill(),
    };

    private static Verb Register()
    {
        var name = new Argument<string>("name") { Description = "What the company calls it. Never leaves the node." };
        var kind = Common.OneOf(
            new Option<PartKind>("--kind")
            {
                Description = "Made here, or bought from a supplier.",
                DefaultValueFactory = _ => PartKind.Made,
            },
            "made",
            "bought");
        var unit = new Option<string>("--unit")
        {
            Description = "The unit footprints are declared per.",
            DefaultValueFactory = _ => "piece",
        };
        var number = new Option<string?>("--number")
        {
            Description = "The part number: what the company's own systems call it, and sheets name it by.",
        };
        var id = Common.Id;
        return new(
            "register",
            "Registers a part.",
            "part register \"battery cell\" --number BC-21700 --kind bought --unit kilogram",
            async (parsed, session, output) =>
            {
                var part = new Part
                {
                    TraceId = Common.IdOrNew(parsed.GetValue(id)),
                    Name = parsed.GetValue(name)!,
                    Kind = parsed.GetValue(kind),
                    DeclaredUnit = parsed.GetValue(unit)!,
                    PartNumber = parsed.GetValue(number) ?? "",
                };
                var answer = await session.Parts.RegisterPartAsync(new() { Part = part }, session.Call);
                var next = part.Kind == PartKind.Made
                    ? $"trace footprint declare {part.TraceId} AMOUNT"
                    : $"trace trade request {part.TraceId} --supplier NAME";
                output.Show(answer, Table([answer.Part]), next);
            },
            name, number, kind, unit, id);
    }

    private static Verb List() => new(
        "list",
        "Lists the company's parts.",
        "part list --output json",
        async (_, session, output) =>
        {
            var parts = await session.AllPartsAsync();
            var answer = new ListPartsResponse { Parts = { parts } };
            output.Show(answer, Table(parts), "trace footprint show PART");
        });

    private static Verb Show() => Common.OnPart(
        "part",
        "show",
        "Shows a part.",
        "module",
        async (id, session, output) =>
        {
            var answer = await session.Parts.GetPartAsync(new() { TraceId = id }, session.Call);
            output.Show(answer, Table([answer.Part]), $"trace footprint show {id}");
        });

    private static Verb Retire() => Common.OnPart(
        "part",
        "retire",
        "Retires a part that nothing rests on any more. It stays readable.",
        "module",
        async (id, session, output) =>
        {
            var answer = await session.Parts.RetirePartAsync(new() { TraceId = id }, session.Call);
            output.Show(answer, Table([answer.Part]), "trace part list");
        });

    private static Verb DeclareBill()
    {
        var parent = Common.Part;
        var lines = new Argument<string[]>("lines")
        {
            Description = "PART=QUANTITY with an optional unit, such as cell=12 or \"electrolyte=0.35 kg\".",
            Arity = ArgumentArity.ZeroOrMore,
        };
        return new(
            "declare",
            "Declares what goes into one declared unit of a part, instead of what was declared before.",
            "bill declare module \"cathode from A=1\" \"electrolyte=0.35 kg\"",
            async (parsed, session, output) =>
            {
                var request = new DeclareBillOfMaterialsRequest
                {
                    ParentTraceId = await session.PartAsync(parsed.GetValue(parent)!),
                };
                foreach (var line in parsed.GetValue(lines)!)
                {
                    request.Lines.Add(await LineAsync(session, line));
                }

                var answer = await session.Parts.DeclareBillOfMaterialsAsync(request, session.Call);
                output.Show(
                    answer, await TableAsync(session, answer.BillOfMaterials.Lines),
                    $"trace footprint show {request.ParentTraceId}");
            },
            parent, lines);
    }

    private static Verb ShowBill() => Common.OnPart(
        "bill",
        "show",
        "Shows what goes into a part.",
        "module",
        async (id, session, output) =>
        {
            var answer = await session.Parts.GetBillOfMaterialsAsync(new() { ParentTraceId = id }, session.Call);
            output.Show(
                answer, await TableAsync(session, answer.BillOfMaterials.Lines), $"trace footprint show {id}");
        });

    /// <summary>"cell=12" or "electrolyte=0.35 kg"; without a unit the child's own is meant.</summary>
    public static async Task<BillOfMaterialsLine> LineAsync(Session session, string text)
    {
        if (text.LastIndexOf('=') is var at && at <= 0)
        {
            throw new ProblemException($"\"{text}\" is no line. Write PART=QUANTITY, such as cell=12.");
        }

        var child = await session.PartAsync(text[..at].Trim());
        var quantity = text[(at + 1)..].Trim().Split(' ', 2, StringSplitOptions.TrimEntries);
        var unit = quantity.Length > 1
            ? quantity[1]
            : (await session.Parts.GetPartAsync(new() { TraceId = child }, session.Call)).Part.DeclaredUnit;
        return new() { ChildTraceId = child, Quantity = new Quantity { Amount = quantity[0], Unit = unit } };
    }

    private static Spectre.Console.Table Table(IEnumerable<Part> parts) => Output.Rows(
        ["trace id", "number", "name", "kind", "declared unit", ""],
        parts.Select(part => new[]
        {
            part.TraceId, part.PartNumber, part.Name, Output.Word(part.Kind), part.DeclaredUnit,
            part.Retired ? "retired" : "",
        }));

    private static async Task<Spectre.Console.Table> TableAsync(
        Session session, RepeatedField<BillOfMaterialsLine> lines)
    {
        var names = await session.NamesAsync(lines.Select(line => line.ChildTraceId));
        return Output.Rows(
            ["child", "quantity", "trace id"],
            lines.Select(line => new[]
            {
                names(line.ChildTraceId), $"{line.Quantity.Amount} {line.Quantity.Unit}", line.ChildTraceId,
            }));
    }
}
