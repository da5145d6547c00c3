using System.CommandLine;

namespace Traceability.Cli;

/// <summary>For people or for programs.</summary>
internal enum OutputForm
{
    Text,
    Json,
}

/// <summary>What every verb understands, and what several ask for.</summary>
internal static class Common
{
    public static Option<string?> As { get; } = new("--as")
    {
        Description = "Whose node, by the name of a profile.",
        Recursive = true,
    };

    public static Option<string?> ProfilesFile { get; } = new("--profiles")
    {
        Description = $"The file of profiles; {Profiles.FileVariable} names it otherwise.",
        Recursive = true,
    };

    public static Option<OutputForm> Output { get; } = OneOf(
        new Option<OutputForm>("--output")
        {
            Description = "Text for people, or json for programs: the answer as the node's contract has it.",
            Recursive = true,
        },
        "text",
        "json");

    public static Option<int?> Wait { get; } = Seconds(new("--wait")
    {
        Description = "Then wait up to so many seconds until all of it has settled in the company itself.",
        Recursive = true,
    });

    public static Argument<string> Part => new("part") { Description = "A part, by trace id, part number or name." };

    public static Argument<string> Trade => new("trade") { Description = "A trade, by trade id." };

    /// <summary>An id as it looks, for examples.</summary>
    public const string ExampleTrade = "0193a0f2-5d5c-7e1f-8a53-6f0d7b6b1c11";

    /// <summary>A verb that needs nothing but a trade.</summary>
    public static Verb OnTrade(
        string noun, string verb, string description, Func<string, Session, Output, Task> run)
    {
        var trade = Trade;
        return new(
            verb,
            description,
            $"{noun} {verb} {ExampleTrade}",
            (parsed, session, output) => run(parsed.GetValue(trade)!, session, output),
            trade);
    }

    /// <summary>A verb that needs nothing but a part.</summary>
    public static Verb OnPart(
        string noun, string verb, string description, string example, Func<string, Session, Output, Task> run)
    {
        var part = Part;
        return new(
            verb,
            description,
            $"{noun} {verb} {example}",
            async (parsed, session, output) =>
                await run(await session.PartAsync(parsed.GetValue(part)!), session, output),
            part);
    }

    public static Option<string?> Id => new("--id")
    {
        Description = "The id, a UUID; a new one unless given. Repeating a command with its id is harmless.",
    };

    public static Option<T> OneOf<T>(Option<T> option, params string[] values)
    {
        option.AcceptOnlyFromAmong(values);
        return option;
    }

    private static Option<int?> Seconds(Option<int?> option)
    {
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1 or > 3600)
            {
                result.AddError($"{option.Name} must be 1 to 3600 seconds.");
            }
        });
        return option;
    }

    public static string IdOrNew(string? id) => id ?? Guid.CreateVersion7().ToString();
}
