using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Traceability.Cli;

/// <summary>
/// What a person sees of a fault of the program itself: what to do, and never types, stack traces or what was in the
/// data. Those go into a file, without the data.
/// </summary>
internal static class LastNet
{
    /// <summary>Not the code of a refusal: a script can tell that the program is at fault.</summary>
    private const int Fault = 70;

    private const int Mistake = 1;

    public static async Task<int> RunAsync(ParseResult parsed)
    {
        var output = OutputOf(parsed);
        try
        {
            var mistakes = parsed.Errors.Select(Sentence).OfType<string>().ToArray();
            if (mistakes.Length > 0)
            {
                output.Fail(string.Join('\n', mistakes));
                return Mistake;
            }

            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
#pragma warning disable CA1031 // Whatever it is, nobody else catches it.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            return Tell(fault, parsed, output);
        }
    }

    /// <summary>
    /// What lies outside the program and can be mended by who runs it; null for a fault of the program.
    /// </summary>
    public static string? Explain(Exception exception) => exception switch
    {
        IOException or UnauthorizedAccessException => $"A file cannot be read or written. {exception.Message}",
        HttpRequestException =>
            "The server that issues tokens cannot be reached. Is it running, and is its address in the profile right?",
        UriFormatException => "An address in the profile is none: write it as https://HOST:PORT.",
        CryptographicException => "A certificate or key that the profile names cannot be read: both must be PEM files.",
        ArithmeticException => "These numbers cannot be computed with: one is too large, or divides by zero.",
        _ => null,
    };

    public static int Tell(Exception fault, ParseResult parsed, Output output)
    {
        if (Explain(fault) is { } known)
        {
            output.Fail(known);
            return Mistake;
        }

        output.Fail(
            "This is a fault of trace itself, not of what you have typed or of your data; what was asked for may "
            + $"have been done in part. {Report(fault, parsed)}");
        return Fault;
    }

    /// <summary>Where it happened, and nothing of what it happened with: messages of exceptions repeat data.</summary>
    private static string Report(Exception fault, ParseResult parsed)
    {
        var command = CommandOf(parsed);
        var now = TimeProvider.System.GetUtcNow();
        var file = Path.Combine(Path.GetTempPath(), $"trace-fault-{now:yyyyMMdd-HHmmss}-{Environment.ProcessId}.txt");
        var version = typeof(LastNet).Assembly.GetName().Version;
        List<string> lines =
        [
            $"trace {version}, command: {command}", $"{now:u}", RuntimeInformation.OSDescription,
            RuntimeInformation.FrameworkDescription,
        ];
        for (var one = fault; one is not null; one = one.InnerException)
        {
            lines.Add($"{one.GetType()}");
            lines.Add($"{new StackTrace(one, fNeedFileInfo: false)}");
        }

        try
        {
            File.WriteAllLines(file, lines);
            return $"Report it to who gave you trace, with the file {file}: it says where it happened, and holds "
                + "none of your data.";
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            return $"Report it to who gave you trace: version {version}, command `{command}`, at {now:u}.";
        }
    }

    /// <summary>"trace footprint show", without what was typed behind it.</summary>
    private static string CommandOf(ParseResult parsed)
    {
        List<string> names = [];
        for (SymbolResult? one = parsed.CommandResult; one is CommandResult command; one = command.Parent)
        {
            names.Insert(0, command.Command.Name);
        }

        return string.Join(' ', names);
    }

    private static Output OutputOf(ParseResult parsed)
    {
        try
        {
            return new(json: parsed.GetValue(Common.Output) == OutputForm.Json);
        }
        catch (InvalidOperationException)
        {
            // It is this option that cannot be read, which is said as text.
            return new(json: false);
        }
    }

    /// <summary>A value of the wrong kind, in words; null for what the parser says well enough itself.</summary>
    private static string? Sentence(ParseError error)
    {
        var (name, type) = error.SymbolResult switch
        {
            OptionResult option => (option.Option.Name, option.Option.ValueType),
            ArgumentResult { Parent: OptionResult option } => (option.Option.Name, option.Option.ValueType),
            ArgumentResult argument => (argument.Argument.Name, argument.Argument.ValueType),
            _ => ("", typeof(string)),
        };
        var wanted = Wanted(Nullable.GetUnderlyingType(type) ?? type);
        var typed = string.Join(' ', error.SymbolResult?.Tokens.Select(token => token.Value) ?? []);
        return wanted is not null && error.Message.Contains(type.Namespace!, StringComparison.Ordinal)
            ? $"{name}: \"{typed}\" is not valid: write {wanted}."
            : null;
    }

    private static string? Wanted(Type type) => type switch
    {
        _ when type == typeof(DateOnly) => "a day such as 2026-11-24",
        _ when type == typeof(long) || type == typeof(int) => "a whole number such as 3",
        _ when type == typeof(decimal) => "a number such as 0.25",
        _ when type == typeof(bool) => "true or false",
        _ => null,
    };
}
