using Microsoft.AspNetCore.Http;

namespace Traceability.Identity.Pages;

/// <summary>What the pages say, in one language.</summary>
internal sealed record Words
{
    private const string Choice = "language";

    public required string Language { get; init; }
    public required string SignIn { get; init; }
    public required string SignInRefused { get; init; }
    public required string Name { get; init; }
    public required string Password { get; init; }
    public required string SignInWithPasskey { get; init; }
    public required string HaveACode { get; init; }
    public required string PasskeyFailed { get; init; }
    public required string FirstPassword { get; init; }
    public required string FirstPasswordIntroduction { get; init; }
    public required string Code { get; init; }
    public required string NewPassword { get; init; }
    public required string PasswordAgain { get; init; }
    public required string PasswordRule { get; init; }
    public required string PasswordsDiffer { get; init; }
    public required string CodeRefused { get; init; }
    public required string SetPassword { get; init; }
    public required string Passkeys { get; init; }
    public required string SignedInAs { get; init; }
    public required string PasskeysIntroduction { get; init; }
    public required string NoPasskeys { get; init; }
    public required string PasskeyLabel { get; init; }
    public required string AddPasskey { get; init; }
    public required string RemovePasskey { get; init; }
    public required string TooManyPasskeys { get; init; }
    public required string SignOut { get; init; }
    public required string SignOutQuestion { get; init; }
    public required string SignedOut { get; init; }
    public required string BackToSignIn { get; init; }

    private static readonly Words English = new()
    {
        Language = "en",
        SignIn = "Sign in",
        SignInRefused = "You could not be signed in. The name or the password is wrong, or the account cannot be used "
            + "at the moment. After many attempts, wait a quarter of an hour or ask your administrator.",
        Name = "Name",
        Password = "Password",
        SignInWithPasskey = "Sign in with a passkey",
        HaveACode = "I have a one-time code",
        PasskeyFailed = "The passkey could not be used. Try again, or use your password.",
        FirstPassword = "Set your password",
        FirstPasswordIntroduction = "Your administrator has given you a name and a one-time code.",
        Code = "One-time code",
        NewPassword = "New password",
        PasswordAgain = "New password, again",
        PasswordRule = "At least 12 characters. A few words that only you put together are good.",
        PasswordsDiffer = "The two passwords are not the same.",
        CodeRefused = "The name or the code is wrong, or the code was used or has run out. Ask your administrator for "
            + "a new one.",
        SetPassword = "Set password and sign in",
        Passkeys = "Passkeys",
        SignedInAs = "Signed in as",
        PasskeysIntroduction = "With a passkey you sign in as you unlock your device, and nobody can steal a password.",
        NoPasskeys = "You have none yet.",
        PasskeyLabel = "What to call it, such as \"office laptop\"",
        AddPasskey = "Add a passkey",
        RemovePasskey = "Remove",
        TooManyPasskeys = "You have as many passkeys as there can be. Remove one first.",
        SignOut = "Sign out",
        SignOutQuestion = "Do you want to sign out?",
        SignedOut = "You are signed out.",
        BackToSignIn = "Sign in again",
    };

    private static readonly Words Japanese = new()
    {
        Language = "ja",
        SignIn = "サインイン",
        SignInRefused = "サインインできませんでした。ユーザー名またはパスワードが正しくないか、アカウントが現在利用できません。"
            + "何度も失敗した場合は、15分ほど待つか、管理者に連絡してください。",
        Name = "ユーザー名",
        Password = "パスワード",
        SignInWithPasskey = "パスキーでサインイン",
        HaveACode = "ワンタイムコードをお持ちの方",
        PasskeyFailed = "パスキーを利用できませんでした。もう一度試すか、パスワードを使ってください。",
        FirstPassword = "パスワードの設定",
        FirstPasswordIntroduction = "管理者から受け取ったユーザー名とワンタイムコードを入力してください。",
        Code = "ワンタイムコード",
        NewPassword = "新しいパスワード",
        PasswordAgain = "新しいパスワード(確認)",
        PasswordRule = "12文字以上。自分だけが思いつく言葉の組み合わせがおすすめです。",
        PasswordsDiffer = "2つのパスワードが一致しません。",
        CodeRefused = "ユーザー名またはコードが正しくないか、コードが使用済みまたは期限切れです。"
            + "管理者に新しいコードを依頼してください。",
        SetPassword = "パスワードを設定してサインイン",
        Passkeys = "パスキー",
        SignedInAs = "サインイン中のユーザー:",
        PasskeysIntroduction = "パスキーを使うと、端末のロック解除でサインインでき、パスワードを盗まれる心配がありません。",
        NoPasskeys = "まだ登録されていません。",
        PasskeyLabel = "名前(例:会社のノートPC)",
        AddPasskey = "パスキーを追加",
        RemovePasskey = "削除",
        TooManyPasskeys = "登録できるパスキーの上限に達しています。先にいずれかを削除してください。",
        SignOut = "サインアウト",
        SignOutQuestion = "サインアウトしますか?",
        SignedOut = "サインアウトしました。",
        BackToSignIn = "もう一度サインイン",
    };

    /// <summary>As chosen on a page, else as the browser is set.</summary>
    public static Words Of(HttpContext http)
    {
        if (http.Request.Query[Choice] is [{ } chosen])
        {
            var words = chosen == Japanese.Language ? Japanese : English;
            if (!http.Response.HasStarted)
            {
                http.Response.Cookies.Append(
                    Choice,
                    words.Language,
                    new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Lax, IsEssential = true });
            }

            return words;
        }

        var wanted = http.Request.Cookies[Choice] ?? http.Request.Headers.AcceptLanguage.ToString();
        return wanted.StartsWith(Japanese.Language, StringComparison.OrdinalIgnoreCase) ? Japanese : English;
    }

    /// <summary>The same page in a language.</summary>
    public static string Link(HttpContext http, string language)
    {
        var others = http.Request.Query.Where(parameter => parameter.Key is not Choice and not "handler")
            .SelectMany(parameter => parameter.Value, (parameter, value) => KeyValuePair.Create(parameter.Key, value));
        return http.Request.Path + QueryString.Create(others.Append(new(Choice, language)));
    }
}
