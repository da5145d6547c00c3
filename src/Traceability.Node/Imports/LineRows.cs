using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Hosting;
using Traceability.Node.Parts;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>Rows that are lines: a bill of materials is one thing, whose lines stand in several rows.</summary>
internal static class LineRows
{
    public static async Task ImportAsync(
        Import import, IReadOnlyList<(Wire.ImportRow Row, Wire.ImportedLine Line)> rows,
        CancellationToken cancellationToken)
    {
        List<ReadLine> read = [];
        HashSet<(TraceId?, TraceId?)> wrong = [];
        foreach (var (row, line) in rows)
        {
            ReadLine? one = null;
            var good = await import.DoAsync(row, input =>
            {
                one = Read(import, input, row, line);
                return Task.CompletedTask;
            });
            if (!good)
            {
                wrong.Add((import.TraceIdOf(line.Parent), import.TraceIdOf(line.Child)));
            }
            else if (one is not null)
            {
                read.Add(one);
            }
        }

        // Where one share of a line is wrong, nothing can be said about the others.
        var bills = read.Where(one => !wrong.Contains((one.Parent, one.Child))).GroupBy(one => one.Parent);
        await DeclareAsync(
            import, [.. bills.Select(bill => (bill.First().Row, Declaration(import, [.. bill])))], cancellationToken);
    }

    private static ReadLine? Read(Import import, Input input, Wire.ImportRow row, Wire.ImportedLine line)
    {
        var parent = import.Find(input, "parent", line.Parent);
        var child = import.Find(input, "child", line.Child);
        var quantity = input.Positive("", new() { Amount = line.Amount, Unit = line.Unit });
        var share = line is { TradeId: "", Share: "" }
            ? null
            : new SupplierShare(
                input.Id<TradeId>("trade_id", line.TradeId), input.Within("share", line.Share, 0, 1));
        if (parent is null || child is null || import.IsDoubtful(line.Parent) || import.IsDoubtful(line.Child))
        {
            return null;
        }

        input.ThrowIfInvalid();
        new BillOfMaterialsLine(child.TraceId, quantity.Amount, quantity.Unit.Name, share is null ? null : [share])
            .MustFit(child);
        return new(row, parent.TraceId, child.TraceId, quantity, share);
    }

    private static DeclareBillOfMaterials Declaration(Import import, IReadOnlyList<ReadLine> rows) => new(
        rows[0].Parent, [.. rows.GroupBy(row => row.Child).Select(line => Line(import, [.. line]))]);

    /// <summary>Rows of the same parent and child are shares of one line.</summary>
    private static BillOfMaterialsLine Line(Import import, IReadOnlyList<ReadLine> rows)
    {
        var first = rows[0];
        var shares = rows.Select(one => one.Share).OfType<SupplierShare>().ToArray();
        if (rows.Count > 1 && (shares.Length < rows.Count || rows.Any(one => one.Quantity != first.Quantity)))
        {
            foreach (var (row, _, _, _, _) in rows.Skip(1))
            {
                var twice = SeenRecords<TraceId>.Twice(row.Line.Child, row, first.Row);
                import.Fail(
                    row, "child", $"{twice} Add the amounts, or give the same amount with a share of each trade.");
            }
        }
        else if (shares.Length > 0 && SupplierShare.Problem(shares) is { } problem)
        {
            import.Fail(
                first.Row, "share", $"\"{Amount.Format(shares.Sum(one => one.Share))}\" is not valid: {problem}");
        }

        return new(first.Child, first.Quantity.Amount, first.Quantity.Unit.Name, shares.Length == 0 ? null : shares);
    }

    /// <summary>
    /// A bill may be refused only because another of the import has not replaced its old lines yet: as long as any of
    /// them goes through, the others are tried again.
    /// </summary>
    private static async Task DeclareAsync(
        Import import, IReadOnlyList<(Wire.ImportRow Row, DeclareBillOfMaterials Act)> bills,
        CancellationToken cancellationToken)
    {
        for (var waiting = bills; ;)
        {
            List<(Wire.ImportRow Row, DeclareBillOfMaterials Act, RefusedException Why)> circles = [];
            foreach (var (row, act) in waiting)
            {
                try
                {
                    await DeclareAsync(import, row, act, cancellationToken);
                }
                catch (RefusedException circle) when (circle.Reason == RefusalReason.Cycle)
                {
                    circles.Add((row, act, circle));
                }
                catch (RefusedException refused)
                {
                    import.Fail(row, refused);
                }
            }

            if (circles.Count is 0 || circles.Count == waiting.Count)
            {
                circles.ForEach(circle => import.Fail(circle.Row, circle.Why));
                return;
            }

            waiting = [.. circles.Select(circle => (circle.Row, circle.Act))];
        }
    }

    private static async Task DeclareAsync(
        Import import, Wire.ImportRow row, DeclareBillOfMaterials act, CancellationToken cancellationToken)
    {
        var stream = StreamNames.BillOfMaterials(act.Parent);
        var before = await import.Session.ReadAsync<BillOfMaterials>(stream, cancellationToken);
        var decided = await act.HandleAsync(import.Session, cancellationToken);
        import.Count(decided.Events.Count == 0 ? null
            : before is null ? RecordChange.New(row)
            : RecordChange.Of(row, Lines(before), Lines(decided.State)));

        IEnumerable<Wire.ImportedLine> Lines(BillOfMaterials bill) =>
            RecordExport.Of(bill, import.Session.Now, import.NameOf);
    }

    private sealed record ReadLine(
        Wire.ImportRow Row, TraceId Parent, TraceId Child, Quantity Quantity, SupplierShare? Share);
}
