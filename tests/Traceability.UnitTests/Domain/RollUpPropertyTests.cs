using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Xunit;

namespace Traceability.UnitTests.Domain;

/// <summary>What holds for every chain, tried on random ones. The seed is in the failure's name.</summary>
public class RollUpPropertyTests
{
    private const int Columns = 3;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Incremental_equals_full_after_any_interleaving_of_changes(int seed)
    {
        var random = new Random(seed);
        var graph = Graph(random, parts: random.Next(2, 120));
        var (incremental, changes) = (new RollUpTotals(graph, Columns), new List<(int Part, decimal[] Own)>());
        for (var step = 0; step < 30; step++)
        {
            var batch = Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(graph.Parts)).ToArray();
            foreach (var part in batch)
            {
                decimal[] own = [.. Enumerable.Range(0, Columns).Select(_ => Number(random))];
                changes.Add((part, own));
                own.CopyTo(incremental.Own(part));
            }

            incremental.Update(batch);
        }

        var full = new RollUpTotals(graph, Columns);
        foreach (var (part, own) in changes)
        {
            own.CopyTo(full.Own(part));
        }

        full.RollUp();
        for (var part = 0; part < graph.Parts; part++)
        {
            Assert.Equal(full.Total(part).ToArray(), incremental.Total(part).ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Only_the_parts_above_a_change_are_touched(int seed)
    {
        var random = new Random(seed);
        var graph = Graph(random, parts: 60);
        var totals = new RollUpTotals(graph, 1);
        totals.RollUp();
        var changed = random.Next(graph.Parts);
        HashSet<int> above = [changed];
        foreach (var part in graph.ChildrenFirst)
        {
            if (graph.ChildrenOf(part).ToArray().Any(above.Contains))
            {
                above.Add(part);
            }
        }

        totals.Own(changed)[0] += 1;

        Assert.Equal(above.Count, totals.Update([changed]));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Scaling_all_quantities_of_a_part_scales_what_its_lines_add(int seed)
    {
        var (company, pack, lines) = Pack(new Random(seed));
        var before = company.RollUp().Result(pack).Figures!.Total;

        var scaled = company.Contains(pack, [.. lines.Select(line => line with { Amount = line.Amount * 7 })]);

        Assert.Equal((before - 10) * 7, scaled.RollUp().Result(pack).Figures!.Total - 10);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Splitting_a_part_into_an_equal_sub_assembly_changes_nothing(int seed)
    {
        var (company, pack, lines) = Pack(new Random(seed));
        var before = company.RollUp().Result(pack);
        var middle = company.Made("sub-assembly");

        var split = company.Own(middle, Figures.Of([]))
            .Contains(middle, lines[1..])
            .Contains(pack, lines[0], new BillOfMaterialsLine(middle, 1, "kilogram"));

        var after = split.RollUp().Result(pack);
        Assert.Equal(StatedFigures.Of(before.Figures!), StatedFigures.Of(after.Figures!));
        Assert.Equal(before.Complete, after.Complete);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_order_of_declarations_does_not_matter(int seed)
    {
        var random = new Random(seed);
        var (company, pack, lines) = Pack(random);
        var shuffled = (BillOfMaterialsLine[])lines.Clone();
        random.Shuffle(shuffled);

        Assert.Equal(
            StatedFigures.Of(company.RollUp().Result(pack).Figures!),
            StatedFigures.Of(company.Contains(pack, shuffled).RollUp().Result(pack).Figures!));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Effects_add_up_to_the_difference_of_two_versions(int seed)
    {
        var random = new Random(seed);
        var (company, pack, lines) = Pack(random);
        var changed = company.Own(pack, Number(random)).Answer(lines[1].ChildTraceId, Number(random))
            .Contains(pack, [lines[0] with { Amount = 3 }, .. lines[1..^1]]);
        var (before, after) = (Inputs(company, pack), Inputs(changed, pack));

        var changes = Comparison.Of(before, after);

        Assert.Equal(after.Figures!.Total - before.Figures!.Total, changes.Sum(change => change.Effect));
    }

    [Fact]
    public void A_cycle_is_refused_with_its_path() => Assert.Equal(
        "1 > 2 > 3 > 1",
        Refusal.Of(
            RefusalReason.Cycle,
            () => RollUpGraph.Of(4, [0, 1, 2, 3], [1, 2, 3, 1], [1, 1, 1, 1])).Details["path"]);

    private static TotalOfInputs Inputs(Company company, TraceId part)
    {
        var result = company.RollUp().Result(part);
        return new(result.Figures, result.Complete, result.Own, [.. result.Lines.Select(line => line.ToInput())]);
    }

    private static (Company Company, TraceId Pack, BillOfMaterialsLine[] Lines) Pack(Random random)
    {
        var company = new Company();
        var pack = company.Made("pack");
        company = company.Own(pack, 10);
        var lines = new BillOfMaterialsLine[random.Next(3, 12)];
        for (var line = 0; line < lines.Length; line++)
        {
            var bought = company.Bought($"part {line}");
            var amount = Number(random);
            company = company.Answer(bought, Figures.Of(
                [new(LifeCycleStage.RawMaterial, amount, Rating.Of(amount, random.Next(1, 6), 2, 3))],
                random.Next(0, 101) / 100m));
            lines[line] = new(bought, Number(random) + 1, "kilogram");
        }

        return (company.Contains(pack, lines), pack, lines);
    }

    /// <summary>Lines only from later to earlier parts, so there is no cycle; shared children are common.</summary>
    private static RollUpGraph Graph(Random random, int parts)
    {
        var (parents, children, amounts) = (new List<int>(), new List<int>(), new List<decimal>());
        for (var line = 0; line < parts * 3; line++)
        {
            var parent = random.Next(1, parts);
            parents.Add(parent);
            children.Add(random.Next(0, parent));
            amounts.Add(random.Next(1, 10) / 10m);
        }

        return RollUpGraph.Of(parts, [.. parents], [.. children], [.. amounts]);
    }

    private static decimal Number(Random random) => random.Next(0, 1_000_000) / 1000m;
}
