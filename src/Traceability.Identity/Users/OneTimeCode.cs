using System.Security.Cryptography;
using System.Text;

namespace Traceability.Identity.Users;

/// <summary>A code that is told to one person, typed once, and stored as a hash.</summary>
internal static class OneTimeCode
{
    /// <summary>No letter that looks like another or like a digit.</summary>
    private const string Letters = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";

    /// <summary>More than 120 random bits: nobody guesses one, however long it is good.</summary>
    private const int Groups = 5;
    private const int GroupLength = 5;

    public static string New() => string.Join(
        '-', Enumerable.Range(0, Groups).Select(_ => RandomNumberGenerator.GetString(Letters, GroupLength)));

    /// <summary>However it is typed: with spaces or dashes, in capitals or not.</summary>
    public static byte[] HashOf(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Concat(code.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant()));
}
