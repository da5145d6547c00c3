using System.Text;
using System.Text.Json;
using Traceability.Domain.Footprints;
using Traceability.Exports;
using Traceability.Exports.Documents;
using Traceability.Exports.Rules;
using Xunit;

namespace Traceability.UnitTests.Exports;

/// <summary>One id, one content; another content names those before it.</summary>
public class ExportDocumentTests
{
    public static TheoryData<string, string> WithIds =>
        new() { { "pact", "3.0.3" }, { "catena-x", "7.0.0" }, { "catena-x", "9.0.0" }, { "catena-x", "10.0.0" } };

    [Theory]
    [MemberData(nameof(WithIds))]
    public void Another_fact_is_another_document_that_names_the_one_before(string export, string version)
    {
        var history = new History(export, version);
        var one = history.Issue(First);
        var two = history.Issue(With(First, "product.mass_kg", "2"));

        Assert.NotEqual(one.Id, two.Id);
        Assert.Empty(one.PrecedingIds);
        Assert.Equal([one.Id], two.PrecedingIds);
        Assert.Contains(one.Id, history.Text(With(First, "product.mass_kg", "2")), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WithIds))]
    public void The_same_facts_again_are_the_same_document_to_the_byte(string export, string version)
    {
        var history = new History(export, version);
        var first = history.Text(First);
        history.Issue(First);
        Assert.Equal(first, history.Text(First));

        var second = history.Text(With(First, "product.mass_kg", "2"));
        history.Issue(With(First, "product.mass_kg", "2"));
        Assert.Equal(second, history.Text(With(First, "product.mass_kg", "2")));

        // Taken back later, and in a later version of the footprint with the same figures.
        Assert.Equal(first, history.Text(First with { DeclaredAt = First.AsOf, Version = 9, RolledUpAt = First.AsOf }));
    }

    [Fact]
    public void Three_contents_are_a_chain_with_the_newest_first()
    {
        var history = new History("pact", "3.0.3");
        var one = history.Issue(First);
        var two = history.Issue(With(First, "product.mass_kg", "2"));
        var three = history.Issue(With(First, "product.mass_kg", "3"));

        Assert.Equal([two.Id, one.Id], three.PrecedingIds);
        Assert.Equal(3, new[] { one.Id, two.Id, three.Id }.Distinct().Count());
    }

    [Fact]
    public void A_new_period_with_the_same_figures_is_another_document()
    {
        var history = new History("pact", "3.0.3");
        var one = history.Issue(First);
        var next = First with { Version = 2, Period = new(First.Period!.End, First.Period.End.AddMonths(3)) };
        var two = history.Issue(next);

        Assert.NotEqual(one.Id, two.Id);
        Assert.Equal([one.Id], two.PrecedingIds);
        using var document = JsonDocument.Parse(history.Text(next));
        Assert.Equal("2026-07-01T00:00:00Z", document.RootElement.GetProperty("pcf").GetProperty("referencePeriodEnd").GetString());
    }

    [Fact]
    public void Another_figure_is_another_document_and_a_fact_that_it_does_not_show_makes_none()
    {
        var history = new History("pact", "3.0.3");
        var one = history.Issue(First);

        Assert.Equal(one, history.Issue(With(First, "cbam.route", "BF-BOF") with { DeclaredAt = First.AsOf }));
        var figures = StatedFigures.Of(Figures.Of([new(LifeCycleStage.MainProduction, 5598.000000000001m)]));
        Assert.NotEqual(one.Id, history.Issue(First with { Figures = figures, Version = 2 }).Id);
    }

    [Fact]
    public void Two_parts_and_two_companies_never_share_an_id()
    {
        var part = First with { PartRef = "b3RoZXI" };
        var company = First with { OperatorId = new(Guid.Parse("0190a5c7-6d4e-7c1a-8f00-0242ac12ffff")) };
        string[] ids = [.. new[] { First, part, company }.Select(input => new History("pact", "3.0.3").Issue(input).Id)];

        Assert.Equal(3, ids.Distinct().Count());
    }

    [Fact]
    public void A_draft_has_not_the_id_of_the_final_document()
    {
        var history = new History("pact", "3.0.3");

        Assert.NotEqual(history.Issue(First).Id, history.Review(First with { Complete = false }).Document!.Id);
    }

    [Fact]
    public void What_left_before_contents_were_told_apart_is_named_by_the_id_it_had()
    {
        var old = ExportDocument.IdOfVersion(First.OperatorId, First.PartRef, 3);
        var document = new History("pact", "3.0.3", new EarlierExport(old)).Issue(First);

        Assert.Equal([old], document.PrecedingIds);
        // As it was computed in every export of that time.
        Assert.Equal("f2617a7f-f88b-41ef-8f2e-b554030d5395", old);
    }

    [Fact]
    public void A_document_is_created_when_all_it_says_was_known()
    {
        Assert.Equal(First.RolledUpAt, new History("pact", "3.0.3").Issue(First).CreatedAt);
        Assert.Equal(First.AsOf, new History("pact", "3.0.3").Issue(First with { DeclaredAt = First.AsOf }).CreatedAt);
    }

    [Fact]
    public void Every_id_has_the_form_that_standards_ask_for() => Assert.All(
        Enumerable.Range(1, 50),
        mass => Assert.Matches(
            "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
            new History("pact", "3.0.3").Issue(With(First, "product.mass_kg", $"{mass}")).Id));

    private static ExportInput First { get; } = Samples.Battery() with { Earlier = [] };

    private static ExportInput With(ExportInput input, string fact, string value) =>
        input with { Facts = new Dictionary<string, string>(input.Facts) { [fact] = value } };

    /// <summary>Final exports of one part, as the node remembers them.</summary>
    private sealed class History(string export, string version, params EarlierExport[] before)
    {
        private readonly List<EarlierExport> _issued = [.. before];

        public ExportReview Review(ExportInput input)
        {
            var table = ExportFormats.Versions(export).Single(one => one.Version == version);
            var day = new DateTimeOffset(table.ValidFrom.ToDateTime(default), TimeSpan.Zero);
            return ExportReview.Of(
                table, input with { AsOf = input.AsOf < day ? day : input.AsOf, Earlier = [.. _issued] });
        }

        public string Text(ExportInput input) => Encoding.UTF8.GetString(JsonRenderer.Render(Review(input)));

        public ExportDocument Issue(ExportInput input)
        {
            var review = Review(input);
            Assert.True(review.Final, string.Join("; ", review.Problems));
            var document = review.Document!;
            if (_issued.All(one => one.Id != document.Id))
            {
                _issued.Insert(0, new(document.Id, document.CreatedAt, document.PrecedingIds));
            }

            return document;
        }
    }
}
