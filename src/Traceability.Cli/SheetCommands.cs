using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using Spectre.Console;
using Spectre.Console.Rendering;
using Traceability.Cli.Sheets;
using Traceability.Contracts.Node.V1;

namespace Traceability.Cli;

/// <summary>`trace sheet ...`: many records at once, from and to spreadsheets.</summary>
internal static class SheetCommands
{
    /// <summary>As many rows as one message may carry.</summary>
    private const int RowsPerMessage = 500;

    /// <summary>More errors than this are a file of another kind; --output json shows all.</summary>
    private const int ShownErrors = 200;

    /// <summary>Enough to see whether the sheet is what was meant; --output json shows all.</summary>
    private const int ShownChanges = 20;

    public static Command Sheet => new("sheet", "Spreadsheets: parts, bills of materials, figures, requests, answers.")
    {
        Template(),
        Import(),
        Export(),
    };

    private static Argument<string> File(string description) => new("file") { Description = description };

    private static Option<string> Language()
    {
        var language = new Option<string>("--language")
        {
            Description = "Of titles and explanations: en or ja.",
            DefaultValueFactory = _ => CultureInfo.CurrentUICulture.TwoLetterISOLanguageName == "ja" ? "ja" : "en",
        };
        return Common.OneOf(language, "en", "ja");
    }

    private static Command Template()
    {
        var (file, language) = (File("A workbook (.xlsx), or a folder for CSV files."), Language());
        var command = new Command(
            "template", "Writes empty sheets to fill in.\n\nExample: trace sheet template parts.xlsx --language ja")
        {
            file,
            language,
        };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)!;
            SheetFile.Write(path, SheetTemplate.Sheets(parsed.GetValue(language)!));
            new Output(parsed.GetValue(Common.Output) == OutputForm.Json).Show(
                $"Written: {path}", $"trace sheet import {path} --dry-run");
        });
        return command;
    }

    private static Verb Import()
    {
        var file = File("A workbook (.xlsx), a CSV file named for its sheet, or a folder of them.");
        var dryRun = new Option<bool>("--dry-run") { Description = "Check only, store nothing." };
        return new(
            "import",
            "Imports sheets: all rows or, if anything is wrong, none. The same sheets again change nothing.",
            "sheet import parts.xlsx --dry-run",
            async (parsed, session, output) =>
            {
                var path = parsed.GetValue(file)!;
                var sheets = SheetRows.Of(SheetFile.Read(path));
                // Sheets that are not understood are no reason to leave the others unchecked.
                var check = parsed.GetValue(dryRun) || sheets.Errors.Count > 0;
                var result = await output.ProgressAsync(tell => SendAsync(session, sheets.Rows, check, tell));
                SheetError[] found = [.. result.Errors.Select(sheets.Locate).OfType<SheetError>()];
                SheetError[] errors = [.. sheets.Errors, .. found];
                output.Show(
                    Json(result, errors, sheets), View(result, errors, sheets), Next(path, result, errors));
                if (errors.Length > 0)
                {
                    // Of those that were not sent it is not known which follow from others.
                    var count = errors.Length + result.ErrorCount - result.Errors.Count;
                    throw new ProblemException($"{count} errors in {path}; nothing was stored.");
                }
            },
            file, dryRun)
        {
            OwnsScreen = true,
        };
    }

    private static Verb Export()
    {
        var (file, language) = (File("A workbook (.xlsx), or a folder for CSV files."), Language());
        return new(
            "export",
            "Writes everything that can be imported into sheets.",
            "sheet export company.xlsx",
            async (parsed, session, output) =>
            {
                var path = parsed.GetValue(file)!;
                List<ImportRow> rows = [];
                using var export = session.Imports.ExportRecords(new(), session.Watch);
                await foreach (var page in export.ResponseStream.ReadAllAsync(session.Cancelled))
                {
                    rows.AddRange(page.Rows);
                }

                SheetFile.Write(path, SheetRows.ToSheets(rows, parsed.GetValue(language)!));
                output.Show($"Written: {rows.Count} rows to {path}", $"trace sheet import {path} --dry-run");
            },
            file, language);
    }

    private static async Task<ImportResult> SendAsync(
        Session session, IReadOnlyList<ImportRow> rows, bool dryRun, Action<string, int, int> tell)
    {
        using var import = session.Imports.ImportRecords(session.Watch);
        await import.RequestStream.WriteAsync(new() { Start = new() { DryRun = dryRun } });
        var sent = 0;
        foreach (var page in rows.Chunk(RowsPerMessage))
        {
            await import.RequestStream.WriteAsync(new() { Rows = new() { Rows = { page } } });
            tell("sending", sent += page.Length, rows.Count);
        }

        await import.RequestStream.CompleteAsync();
        ImportResult? result = null;
        await foreach (var answer in import.ResponseStream.ReadAllAsync(session.Cancelled))
        {
            if (answer.Progress is { } progress)
            {
                tell(progress.Phase, progress.Done, progress.All);
                continue;
            }

            // What did not fit into the first message.
            result?.Errors.AddRange(answer.Result.Errors);
            result?.Changes.AddRange(answer.Result.Changes);
            result ??= answer.Result;
        }

        return result ?? throw new ProblemException(
            "The node ended the import without a result; import again, that is harmless.");
    }

    private static object Json(ImportResult result, SheetError[] errors, SheetRows sheets) => new
    {
        stored = result.Stored,
        changed = result.Changed,
        unchanged = result.Unchanged,
        errors = errors.Select(error => new
        {
            sheet = error.Sheet,
            row = error.Row,
            column = error.Column,
            description = error.Description,
        }),
        changes = result.Changes.Select(change => new
        {
            sheet = change.Sheet,
            row = change.Row,
            @new = change.New,
            fields = change.Fields.Select(field => new
            {
                column = sheets.NameOf(change.Sheet, change.Row, field.Field),
                before = field.Before,
                after = field.After,
            }),
        }),
    };

    private static IRenderable View(ImportResult result, SheetError[] errors, SheetRows sheets)
    {
        if (errors.Length == 0)
        {
            var verb = result.Stored ? "stored" : "would be stored";
            var said = new Text($"{result.Changed} records {verb}, {result.Unchanged} were there already.\n");
            return result.Stored || result.Changed == 0
                ? said
                : new Spectre.Console.Rows(said, Changes(result, sheets));
        }

        return Output.Rows(
            ["sheet", "row", "column", "what is wrong"],
            errors.Take(ShownErrors).Select(error => new[]
            {
                error.Sheet, $"{error.Row}", error.Column, error.Description,
            }));
    }

    private static Table Changes(ImportResult result, SheetRows sheets)
    {
        var table = Output.Rows(
            ["sheet", "row", "what would change"],
            result.Changes.Take(ShownChanges).Select(change => new[]
            {
                change.Sheet, $"{change.Row}", change.New ? "new" : What(change, sheets),
            }));
        return result.Changed <= ShownChanges
            ? table
            : table.Caption($"and {result.Changed - ShownChanges} more: --output json");
    }

    private static string What(ImportedChange change, SheetRows sheets) => string.Join(
        "; ",
        from field in change.Fields
        let name = sheets.NameOf(change.Sheet, change.Row, field.Field)
        select $"{name}: {Said(field.Before)} becomes {Said(field.After)}");

    private static string Said(string value) => value.Length == 0 ? "nothing" : value;

    private static string Next(string path, ImportResult result, SheetError[] errors) =>
        (errors.Length, result.Stored) switch
        {
            ( > ShownErrors, _) =>
                $"{errors.Length - ShownErrors} more: trace --output json sheet import {path} --dry-run",
            ( > 0, _) => $"mend the rows, then: trace sheet import {path}",
            (_, true) => "trace part list",
            _ => $"trace sheet import {path}",
        };
}
