using Traceability.Domain;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Xunit;

namespace Traceability.UnitTests.Domain;

public class PartTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);
    private static readonly Part Pack = Made("pack");
    private static readonly Part Module = Made("module");
    private static readonly Part Cell = Made("cell");

    [Fact]
    public void The_same_registration_again_is_no_news_and_another_one_is_refused()
    {
        Assert.Empty(Part.Register(Pack, Registered("pack")));
        Refusal.Of(
            RefusalReason.AlreadyExists,
            () => Part.Register(Pack, Registered("other")));
    }

    [Fact]
    public void A_bill_of_materials_names_known_parts_only() => Refusal.Of(
        RefusalReason.NotDisclosed, () => Declare(Pack, [new(Any.Part(), 1, "kilogram")]));

    [Fact]
    public void A_bought_part_has_no_bill_of_materials() => Refusal.Of(
        RefusalReason.WrongKindOfPart, () => Declare(Pack with { Kind = PartKind.Bought }, []));

    [Fact]
    public void Units_without_a_fixed_factor_are_refused_with_those_that_have_one()
    {
        var refused = Refusal.Of(RefusalReason.UnitsDisagree, () => Declare(Pack, [new(Cell.TraceId, 1, "piece")]));

        Assert.Equal("kilogram, gram, tonne", refused.Details["accepted"]);
    }

    [Fact]
    public void A_part_that_would_go_into_itself_is_refused_with_the_path()
    {
        var refused = Refusal.Of(RefusalReason.Cycle, () => Declare(
            Pack,
            [new(Module.TraceId, 1, "kilogram")],
            (Module.TraceId, Cell.TraceId),
            (Cell.TraceId, Pack.TraceId)));

        Assert.Equal(
            $"{Pack.TraceId} > {Module.TraceId} > {Cell.TraceId} > {Pack.TraceId}", refused.Details["path"]);
    }

    [Fact]
    public void A_part_cannot_be_its_own_line() =>
        Refusal.Of(RefusalReason.Cycle, () => Declare(Pack, [new(Pack.TraceId, 1, "kilogram")]));

    [Fact]
    public void A_shared_sub_assembly_is_no_cycle() => Assert.Single(Declare(
        Pack,
        [new(Module.TraceId, 1, "kilogram"), new(Cell.TraceId, 1, "kilogram")],
        (Module.TraceId, Cell.TraceId)));

    [Fact]
    public void A_bill_that_is_said_again_says_nothing_new_of_a_part_that_was_retired_since()
    {
        BillOfMaterialsLine[] lines = [new(Cell.TraceId, 1, "kilogram")];
        var (bill, retired) = (Bill(Pack.TraceId, [Cell.TraceId]), Cell with { Retired = true });

        Assert.Empty(Again(lines));
        Refusal.Of(RefusalReason.PartRetired, () => Again([new(Cell.TraceId, 2, "kilogram")]));

        object[] Again(BillOfMaterialsLine[] said) => BillOfMaterials.Declare(
            bill, Pack, said, null, id => id == retired.TraceId ? retired : null, new(_ => null), Now);
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(1)]
    [InlineData(400)]
    public void A_part_is_in_use_by_a_bill_that_is_in_force_or_will_be(int days)
    {
        var bill = BillOfMaterials.Evolve(
            null, new BillOfMaterialsDeclared(Pack.TraceId, [new(Cell.TraceId, 1, "kilogram")], Now, Now.AddDays(days)))!;

        Assert.True(bill.ContainsFrom(Cell.TraceId, Now));
        Assert.False(bill.ContainsFrom(Module.TraceId, Now));
        // A later one for the same time, and what is over, count no more.
        bill = BillOfMaterials.Evolve(bill, new BillOfMaterialsRevised(Pack.TraceId, [], Now, Now.AddDays(days)))!;
        Assert.False(bill.ContainsFrom(Cell.TraceId, Now));
    }

    [Theory]
    [InlineData("5.123456789", true)]
    [InlineData("0", true)]
    [InlineData("999999999999999.999999999999", true)]
    [InlineData("-1", true)]
    [InlineData("NaN", false)]
    [InlineData("1e3", false)]
    [InlineData("1,5", false)]
    [InlineData(" 1", false)]
    [InlineData("1.", false)]
    [InlineData("", false)]
    [InlineData("1000000000000000", false)]
    [InlineData("0.0000000000001", false)]
    [InlineData("١", false)]
    public void Amounts_are_plain_decimals(string text, bool plain) => Assert.Equal(plain, Amount.TryParse(text, out _));

    private static object[] Declare(
        Part parent, BillOfMaterialsLine[] lines, params (TraceId Parent, TraceId Child)[] existing) =>
        BillOfMaterials.Declare(
            null,
            parent,
            lines,
            null,
            new[] { Pack, Module, Cell }.ToDictionary(part => part.TraceId).GetValueOrDefault,
            new(at => Bill(at, [.. existing.Where(line => line.Parent == at).Select(line => line.Child)])),
            Now);

    private static BillOfMaterials Bill(TraceId parent, IReadOnlyList<TraceId> children) => BillOfMaterials.Evolve(
        null,
        new BillOfMaterialsDeclared(
            parent, [.. children.Select(child => new BillOfMaterialsLine(child, 1, "kilogram"))], Now))!;

    private static PartRegistered Registered(string name) =>
        new(Pack.TraceId, name, PartKind.Made, "kilogram", Now.AddDays(1));

    private static Part Made(string name) => new(Any.Part(), name, PartKind.Made, "kilogram", Now);
}
