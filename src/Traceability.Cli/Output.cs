using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Spectre.Console;
using Spectre.Console.Rendering;
using Traceability.Contracts.Common.V1;

namespace Traceability.Cli;

/// <summary>What a person, or with --output json a program, is shown.</summary>
internal sealed class Output(bool json)
{

    /// <summary>Where output goes to a file or a pipe there is no window to fit into.</summary>
    private const int RedirectedWidth = 160;

    /// <summary>Named as the answers of the node are.</summary>
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    private static readonly JsonFormatter Json =
        new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithIndentation());

    private readonly IAnsiConsole _console = Console(System.Console.Out, System.Console.IsOutputRedirected);
    private readonly IAnsiConsole _errors = Console(System.Console.Error, System.Console.IsErrorRedirected);

    /// <summary>An answer, and what one would do next.</summary>
    public void Show(IMessage message, IRenderable view, params string[] next)
    {
        if (json)
        {
            System.Console.Out.WriteLine(Json.Format(message));
            return;
        }

        _console.Write(view);
        foreach (var line in next)
        {
            _console.MarkupLineInterpolated($"[grey]next:[/] {line}");
        }
    }

    /// <summary>The answers of a stream, as one list.</summary>
    public void Show(IEnumerable<IMessage> messages, IRenderable view, string next) => Show(
        new JsonArray([.. messages.Select(message => JsonNode.Parse(Json.Format(message)))]), view, next);

    /// <summary>Something that is not an answer of the node, and what one would do next.</summary>
    public void Show(string message, string next) => Show(new { message }, new Text($"{message}\n"), next);

    /// <summary>
    /// As <see cref="Show(IMessage, IRenderable, string[])"/>, for what the command line itself has found.
    /// </summary>
    public void Show(object answer, IRenderable view, string next)
    {
        if (json)
        {
            System.Console.Out.WriteLine(JsonSerializer.Serialize(answer, Indented));
            return;
        }

        _console.Write(view);
        _console.MarkupLineInterpolated($"[grey]next:[/] {next}");
    }

    /// <summary>A bar that moves while something long is done.</summary>
    public async Task<T> ProgressAsync<T>(Func<Action<string, int, int>, Task<T>> action)
    {
        if (json || System.Console.IsErrorRedirected)
        {
            return await action((_, _, _) => { });
        }

        return await _errors.Progress().AutoClear(true).StartAsync(async context =>
        {
            var bar = context.AddTask("starting");
            return await action((phase, done, all) =>
            {
                (bar.Description, bar.IsIndeterminate, bar.MaxValue, bar.Value) =
                    (Markup.Escape(phase), all == 0, Math.Max(all, 1), done);
            });
        });
    }

    /// <summary>A person sees what is being waited for.</summary>
    public Task WaitAsync(string what, Func<Task> action) => json || System.Console.IsErrorRedirected
        ? action()
        : _errors.Status().StartAsync(Markup.Escape(what), _ => action());

    public void Fail(string message)
    {
        if (json)
        {
            Fail(new JsonObject { ["message"] = message });
            return;
        }

        _errors.MarkupLineInterpolated($"[red]{message}[/]");
    }

    /// <summary>What the node refused and why, with every field that is wrong.</summary>
    public void Fail(RpcException refused)
    {
        var details = refused.GetRpcStatus();
        if (details?.GetDetail<ErrorInfo>() is null)
        {
            // Not the words of a server of ours: a library's, which are for programmers.
            Fail(Unanswered(refused.StatusCode));
            return;
        }

        var reason = details.GetDetail<ErrorInfo>().Reason;
        var violations = details.GetDetail<BadRequest>()?.FieldViolations ?? [];
        if (json)
        {
            Fail(new JsonObject
            {
                ["reason"] = reason,
                ["message"] = refused.Status.Detail,
                ["violations"] = new JsonArray([.. violations.Select(violation => new JsonObject
                {
                    ["field"] = violation.Field,
                    ["description"] = violation.Description,
                })]),
            });
            return;
        }

        // The text of a refusal names every violation, too: once is enough for a person.
        var said = violations.Count == 0 ? refused.Status.Detail : "This is wrong:";
        _errors.MarkupLineInterpolated($"[red]{reason}[/] {said}");
        foreach (var violation in violations)
        {
            _errors.MarkupLineInterpolated($"  {violation.Field}: {violation.Description}");
        }
    }

    private static string Unanswered(StatusCode code) => code switch
    {
        StatusCode.Unimplemented =>
            "The server does not know this call: it is older than this trace, or another server than the profile says.",
        StatusCode.ResourceExhausted =>
            "The request or its answer is too large for one message; ask for less at a time.",
        StatusCode.Unauthenticated or StatusCode.PermissionDenied =>
            "The server does not let you in. Is the profile the right one for this server?",
        _ => $"The server's answer cannot be understood ({Word(code)}). Is the profile's address that of the right "
            + "server, and is it of the same version?",
    };

    /// <summary>A table of names and values.</summary>
    public static Table Facts(params (string Name, string Value)[] facts)
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumn("").AddColumn("");
        foreach (var (name, value) in facts)
        {
            table.AddRow($"[grey]{Markup.Escape(name)}[/]", Markup.Escape(value));
        }

        return table;
    }

    public static Table Rows(string[] columns, IEnumerable<string[]> rows)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns(columns);
        foreach (var row in rows)
        {
            table.AddRow([.. row.Select(Markup.Escape)]);
        }

        return table;
    }

    public static string Kilograms(Figures? figures, string otherwise) =>
        figures is { HasTotal: true } ? $"{figures.Total} kg CO2e" : otherwise;

    public static string Time(Timestamp? time) =>
        time?.ToDateTimeOffset().ToString("u", CultureInfo.InvariantCulture) ?? "-";

    /// <summary>The name of a value without the enum's own: TRADE_STATUS_ACCEPTED is "accepted".</summary>
    public static string Word<T>(T value) where T : struct, System.Enum =>
        string.Concat($"{value}".Select(letter => char.IsUpper(letter) ? $" {letter}" : $"{letter}"))
            .Trim()
            .ToLowerInvariant();

    private static IAnsiConsole Console(TextWriter writer, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = redirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        if (redirected)
        {
            console.Profile.Width = RedirectedWidth;
        }

        return console;
    }

    private static void Fail(JsonObject error) =>
        System.Console.Error.WriteLine(new JsonObject { ["error"] = error }.ToJsonString(Indented));
}
