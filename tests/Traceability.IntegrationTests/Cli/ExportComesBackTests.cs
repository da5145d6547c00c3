using Traceability.Cli.Sheets;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Cli;

/// <summary>Companies that trade with each other, hosted on two nodes.</summary>
public sealed class ManyCompanies() : ClassFederation(
    [.. Enumerable.Range(0, Count).Select(company => new Place(Name(company), company % 2 == 0 ? "one" : "two"))])
{
    public const int Count = 8;

    public static string Name(int company) => $"company-{company}";
}

/// <summary>What a node writes into sheets changes nothing when it comes back untouched, whatever is in it.</summary>
public sealed class ExportComesBackTests(ManyCompanies nodes) : IClassFixture<ManyCompanies>, IDisposable
{
    /// <summary>What a company says in one stands in the next: 40 exports in all, each of more.</summary>
    private const int Rounds = 5;

    private readonly LiveFederation _live = nodes.Live;
    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;

    [Fact]
    public async Task The_export_of_any_company_changes_nothing()
    {
        var companies = await Task.WhenAll(Enumerable.Range(0, ManyCompanies.Count).Select(index => _live.AtWorkAsync(ManyCompanies.Name(index))));
        List<string> faults = [];
        for (var round = 0; round < Rounds; round++)
        {
            RandomCompany[] random =
            [
                .. companies.Select((company, index) => new RandomCompany(company, (round * ManyCompanies.Count) + index, _live.Deadline)),
            ];
            // Each buys of the one before; the first makes all itself.
            await Parallel.ForAsync(0, random.Length, async (index, _) => await random[index].FillAsync(index == 0 ? null : random[index - 1]));
            await Parallel.ForEachAsync(random, async (one, _) => await one.AnswerAsync());
            await Parallel.ForEachAsync(random, async (one, _) => await one.RetireAsync());
            foreach (var (index, company) in companies.Index())
            {
                var number = (round * ManyCompanies.Count) + index;
                faults.AddRange((await ChangesAsync(company, number)).Select(fault => $"{number}: {fault}"));
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
        companies.ToList().ForEach(company => company.Dispose());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<List<string>> ChangesAsync(CompanyAtWork company, int index)
    {
        List<ImportRow> rows = [];
        using (var export = company.Imports.ExportRecords(new(), company.Call))
        {
            while (await export.ResponseStream.MoveNext(_live.Deadline))
            {
                rows.AddRange(export.ResponseStream.Current.Rows);
            }
        }

        var path = Path.Combine(_folder, $"{index}{(index % 2 == 0 ? "" : ".xlsx")}");
        SheetFile.Write(path, SheetRows.ToSheets(rows, index % 4 < 2 ? "en" : "ja"));
        var read = SheetRows.Of(SheetFile.Read(path));
        List<string> faults = [.. read.Errors.Select(error => $"{error}")];
        foreach (var dryRun in new[] { true, false })
        {
            var result = await company.ImportAsync(read.Rows, _live.Deadline, dryRun);
            faults.AddRange(result.Errors.Select(error => $"{error}"));
            faults.AddRange(result.Changes.Select(change => $"{change}"));
            // A bill of materials is one record, in as many rows as it has lines.
            var records = rows.Count(row => row.Line is null) + rows.Where(row => row.Line is not null).Select(row => row.Line.Parent).Distinct().Count();
            if ((result.Changed, result.Unchanged) != (0, records))
            {
                faults.Add($"{result.Changed} changed, {result.Unchanged} of {records} unchanged");
            }
        }

        return faults;
    }
}
