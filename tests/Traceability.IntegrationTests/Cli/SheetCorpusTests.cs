using Traceability.Cli;
using Traceability.Cli.Sheets;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Cli;

/// <summary>
/// Files of all kinds, sound, wrong and damaged, through the sheets of the program and a node: what is stored is what a
/// model says, and nothing but a refusal comes of the others.
/// </summary>
public sealed class SheetCorpusTests(Federation federation) : IClassFixture<Federation>, IDisposable
{
    private const int Files = 500;

    /// <summary>Every so many go through the program as a process, too.</summary>
    private const int Step = 50;

    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;

    [Fact]
    public async Task What_is_stored_of_five_hundred_files_is_what_their_writers_meant()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var program = new CommandLine(federation, Story.A);
        List<string> expected = [];
        HashSet<string> possible = [];
        for (var seed = 0; seed < Files; seed++)
        {
            var file = CorpusFile.Of(seed);
            var path = Path.Combine(_folder, file.Name);
            await File.WriteAllBytesAsync(path, file.Bytes);
            var (isDryWell, dryErrors) = await ImportAsync(a, path, dryRun: true);
            if (seed % Step == 0)
            {
                var (code, output, errors) = await program.RunAsync("sheet", "import", path, "--dry-run");
                Assert.Equal(isDryWell ? 0 : 1, code);
                Assert.DoesNotContain("   at ", output + errors, StringComparison.Ordinal);
            }

            var (isStored, storedErrors) = await ImportAsync(a, path, dryRun: false);

            Assert.Equal(dryErrors, storedErrors);
            Assert.Equal(isDryWell, isStored);
            if (!file.IsDamaged)
            {
                Assert.True((file.Stored is not null) == isStored, $"{seed} {file.Name}: {string.Join('\n', storedErrors)}");
                expected.AddRange(file.Stored ?? []);
            }
            else if (isStored && file.Name.EndsWith(".csv", StringComparison.Ordinal))
            {
                // A text has no checksum: what its damaged bytes say is stored, and no part of it under another title.
                possible.UnionWith(SheetRows.Of(SheetFile.Read(path)).Rows.Select(row => Record(row)));
            }
            else if (isStored)
            {
                Assert.NotNull(file.Stored);
                expected.AddRange(file.Stored);
            }
        }

        var stored = await StoredAsync(a);
        Assert.Empty(expected.Except(stored));
        Assert.Empty(stored.Except(expected).Except(possible));
        Assert.True(expected.Count > Files, "Most of the files are no test of anything.");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>As the program does it, without a process for each file.</summary>
    private async Task<(bool IsWell, string[] Errors)> ImportAsync(CompanyAtWork company, string path, bool dryRun)
    {
        SheetRows sheets;
        try
        {
            sheets = SheetRows.Of(SheetFile.Read(path));
        }
        catch (ProblemException problem)
        {
            return (false, [problem.Message]);
        }

        var result = await company.ImportAsync(sheets.Rows, federation.Deadline, dryRun || sheets.Errors.Count > 0);
        string[] errors =
        [
            .. sheets.Errors.Concat(result.Errors.Select(sheets.Locate).OfType<SheetError>()).Select(error => $"{error}"),
        ];
        Assert.All(errors, error => Assert.DoesNotContain("Exception", error, StringComparison.Ordinal));
        return (errors.Length == 0, errors);
    }

    private async Task<List<string>> StoredAsync(CompanyAtWork company)
    {
        List<string> records = [];
        using var export = company.Imports.ExportRecords(new(), company.Call);
        while (await export.ResponseStream.MoveNext(federation.Deadline))
        {
            records.AddRange(export.ResponseStream.Current.Rows.Select(Record));
        }

        return records;
    }

    private static string Record(ImportRow row) => row.Contribution is { } one
        ? $"{one.Part} {one.Figures?.Stages[0].Amount} {one.StartDate} {one.EndDate} {one.Source}"
        : CorpusFile.Part(
            row.Part.PartNumber.Trim(), row.Part.Name.Trim(), row.Part.Kind, row.Part.Unit == "kg" ? "kilogram" : row.Part.Unit);
}
